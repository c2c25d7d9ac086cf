"""The tests that can't be the same on PostgreSQL, by the reason. A name is that of a module, or of
a class, a test or one case of a test in it."""

from __future__ import annotations

DIFFERS: dict[str, tuple[str, ...]] = {
    "it is about how a folder is found and named, and what its settings may say": (
        "test_commands.py::test_config_tells_where_each_value_came_from",
        "test_edit.py::TestNotSaved::test_a_vault_may_not_name_the_editor",
    ),
    "a database knows no working directory": (
        "test_check.py::TestGithub::test_annotations",
        "test_check.py::TestSelection::test_the_files_that_a_hook_names",
        "test_get_several.py::test_a_path_names_the_entity_in_the_file",
    ),
    "it holds the lock file of a folder": ("test_waiting.py",),
    "it counts what the system watches": (
        "test_watch.py::TestOnlyTheVault::test_behind_links_nothing_is_watched",
    ),
    "nothing is staged and there is no lock file in a database": (
        "test_check.py::TestFindings::test_a_lock_that_is_held_for_long",
        "test_check.py::TestFindings::test_what_lies_staged",
        "test_kept.py::test_what_cannot_be_finished_is_taken_aside",
    ),
    "it makes, changes or removes the files of kept copies": (
        "test_kept.py::test_text_that_is_in_no_record_is_listed_too",
        "test_kept.py::TestMeanwhile::test_that_it_stays_is_said",
        "test_kept.py::TestPrune::test_by_age",
        "test_kept.py::TestPrune::test_on_a_terminal",
        "test_kept.py::TestStrangers",
        "test_undo_hashed.py::TestHashed::test_what_was_kept_and_is_gone_is_refused_too",
    ),
    "it works on the files of the log": (
        "test_history.py::TestHistory::test_a_redaction_is_in_it_and_is_no_change",
        "test_log.py::test_foreign_lines_stay_and_an_unterminated_one_gets_its_end",
        "test_log.py::test_of_one_entity_only_its_lines_are_read",
        "test_log.py::test_older_segments_are_part_of_the_log",
        "test_undo_hashed.py::TestHashed::test_a_redaction_does_not_stand_in_the_way_of_what_it_leaves",
        "test_undo_hashed.py::TestHashed::test_what_was_redacted_is_refused_in_words",
        "test_upgrade.py",
    ),
    "a database needs a driver, which is loaded on every path": (
        "test_commands.py::test_nothing_heavy_is_imported_for_machines",
    ),
    "it is about the cache of a folder": (
        "test_list.py::test_a_damaged_index_is_made_anew_with_one_warning",
        "test_search.py::test_many_first_searches_at_once_leave_a_whole_index",
        "test_search.py::test_without_a_cache_it_finds_the_same",
    ),
}
