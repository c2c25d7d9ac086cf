#!python
"""`python -m loop_cli` is `loop`, and this file is what the installed `loop` is.

The start script that older installers write for an entry point loads `re`, which costs more than
half an interpreter's start. They put the interpreter's path into the first line of this one.
"""

from loop_cli.cli.start import main

if __name__ == "__main__":
    main()
