#!python
"""`python -m loop_cli` is `loop`, and the installed `loop` is this file.

The start script that older installers write for an entry point loads `re`, which costs more than
half an interpreter's start. So they get this file, and only put the interpreter's path into its
first line.
"""

from loop_cli.cli.start import main

if __name__ == "__main__":
    main()
