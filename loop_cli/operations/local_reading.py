"""The operations over a store that read many entities: lists, boards, counts."""

from __future__ import annotations

from loop_cli.operations.update import LocalEntityOperations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.query import Query
    from loop_cli.operations.board import Agenda, Board, Stats
    from loop_cli.operations.boundary import Progress, Selection
    from loop_cli.operations.overview import Overview


class LocalReading(LocalEntityOperations):
    """Those, with those on one entity."""

    def select(self, query: Query, *, progress: Progress | None = None) -> Selection:
        from loop_cli.operations import selection

        return selection.Selection(self._store, query, told=progress)

    def overview(self, *, today: int, since: int, progress: Progress | None = None) -> Overview:
        from loop_cli.operations import overview

        return overview.overview(self._store, self._vault, today=today, since=since, told=progress)

    def board(
        self, query: Query, by: str, *, today: int, progress: Progress | None = None
    ) -> Board:
        from loop_cli.operations import board

        return board.board(self._store, query, by, today=today, told=progress)

    def agenda(self, query: Query, *, today: int, progress: Progress | None = None) -> Agenda:
        from loop_cli.operations import board

        return board.agenda(self._store, query, today=today, told=progress)

    def stats(self, *, today: int, count: int) -> Stats:
        from loop_cli.operations import board

        return board.stats(self._store, today=today, count=count)
