"""The tests that can't be the same over HTTP, by the reason. A name is that of a module, or of a
class, a test or one case of a test in it."""

from __future__ import annotations

DIFFERS: dict[str, tuple[str, ...]] = {
    "it is about how a folder, and no server, is found and named": (
        "test_commands.py::test_version_and_no_command",
        "test_commands.py::test_config_tells_where_each_value_came_from",
        "test_exit_codes.py::test_no_vault_is_2_and_names_all_four_ways",
        "test_login.py",
        "test_over_http.py",
        "test_overview.py::TestWithAVault::test_a_vault_named_in_front_does_as_well",
        "test_overview.py::TestWithoutAVault",
        "test_plain_folder.py",
        "test_schema.py::TestCommand::test_without_a_vault_it_is_the_default_schema",
        "test_unprepared.py",
    ),
    "a server knows no working directory": (
        "test_check.py::TestGithub::test_annotations",
        "test_exit_codes.py::test_a_path_may_be_relative_to_the_current_folder_of_the_vault",
        "test_get_several.py::test_a_path_names_the_entity_in_the_file",
        "test_paths_as_ids.py::test_a_path_from_here",
        "test_paths_as_ids.py::test_a_path_from_the_root_of_the_system",
    ),
    "the settings of the vault, and of the process that writes, are those of the server": (
        "test_edit.py::TestNotSaved::test_a_vault_may_not_name_the_editor",
        "test_history.py::TestDiff::test_hashed_values_come_from_what_was_kept",
        "test_styles.py::test_plain_has_no_boxes_no_columns_and_no_signs[setting]",
        "test_undo_hashed.py",
    ),
    "the record has what only a process on the vault knows (tty, invoked_by), and a key": (
        "test_terminal.py::test_yes_lands_the_change_with_the_reading_as_precondition",
        "test_update.py::test_the_record_has_frozen_keys_and_the_chain",
    ),
    "the cache is the server's": (
        "test_complete.py",
        "test_list.py::test_a_damaged_index_is_made_anew_with_one_warning",
        "test_search.py::test_without_a_cache_it_finds_the_same",
    ),
    "a request has at most 1 MiB": (
        "test_hostile.py::test_a_huge_value_is_refused_or_written_whole",
    ),
    "keys that are no texts become texts in JSON": (
        "test_edit.py::test_keys_that_are_no_texts_land_as_they_were_saved",
    ),
    "the server waits for the lock, as long as it was told to": (
        "test_waiting.py::test_a_lock_that_is_let_go_in_time_is_waited_for",
        "test_waiting.py::test_an_interrupt_while_waiting_is_130",
    ),
    "it counts what this process watches": (
        "test_watch.py::TestOnlyTheVault::test_behind_links_nothing_is_watched",
    ),
    "it is about how the program starts": ("test_start.py",),
    "it is about a vault that the test makes itself, and the server serves another": (
        "test_allow.py",
        "test_bodies.py",
        "test_excluded.py",
        "test_mend.py",
        "test_names.py",
        "test_passed_over.py",
        "test_undo.py::TestANoteWithoutFrontmatter",
        "test_values.py",
    ),
    "a server tells no names of what it deletes": (
        "test_shown.py::test_a_name_of_two_lines_is_one_line[command9]",
    ),
    "it asks no vault": (
        "test_command_table.py",
        "test_help_pages.py",
        "test_inputs.py",
        "test_token.py",
    ),
    "its processes open the folder by themselves": ("test_create_at_once.py::test_thousands",),
    "over a server a search brings the fields that the template names": (
        "test_shape.py::TestTemplate::test_all_fields_by_name",
    ),
    "it works on the files of the log": (
        "test_upgrade.py",
        "test_descriptors.py::test_what_landed_is_said_where_the_result_can_t_be"
        "[audit rotate-rotated->/dev/full]",
        "test_descriptors.py::test_what_landed_is_said_where_the_result_can_t_be"
        "[audit rotate-rotated->&-]",
    ),
}
