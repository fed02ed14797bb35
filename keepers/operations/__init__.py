"""Tools of a person on call: set up, examine and watch keepers."""
