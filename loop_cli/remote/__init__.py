"""Operations over HTTP: the command line of a vault on another machine."""
