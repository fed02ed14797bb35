"""`quantera`'s commands, a group a file. Each imports what it needs when it is called: help is instant."""
