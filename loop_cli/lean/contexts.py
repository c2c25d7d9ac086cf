"""Context managers without `contextlib`, which costs a third of an interpreter's start."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import ExitStack, closing, suppress
else:

    class suppress:  # noqa: N801
        """Ends without an error where the block raises one of these."""

        def __init__(self, *kinds):
            self._kinds = kinds

        def __enter__(self):
            return None

        def __exit__(self, kind, _error, _trace):
            return kind is not None and issubclass(kind, self._kinds)

    class closing:  # noqa: N801
        """Closes something after the block, whatever happened in it."""

        def __init__(self, thing):
            self._thing = thing

        def __enter__(self):
            return self._thing

        def __exit__(self, *_raised):
            self._thing.close()

    class ExitStack:
        """Enters other managers, and leaves them after the block in reverse order."""

        def __init__(self):
            self._entered = []

        def __enter__(self):
            return self

        def enter_context(self, manager):
            """Enter a manager; what it gives."""
            given = manager.__enter__()
            self._entered.append(manager)
            return given

        def __exit__(self, _kind, error, _trace):
            raised = error
            while self._entered:
                manager = self._entered.pop()
                try:
                    kind = None if raised is None else type(raised)
                    trace = None if raised is None else raised.__traceback__
                    if manager.__exit__(kind, raised, trace):
                        raised = None
                except BaseException as other:
                    raised = other
            if raised is not None and raised is not error:
                raise raised
            return error is not None and raised is None


__all__ = ["ExitStack", "closing", "suppress"]
