"""One neutral report of sections, tables and charts, which is written as PDF, as a workbook and as a page."""
