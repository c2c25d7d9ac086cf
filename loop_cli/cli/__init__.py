"""The command line: parse, call one operation, pass the result to output."""
