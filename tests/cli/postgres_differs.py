"""The tests that can't be the same on PostgreSQL, by the reason. A name is that of a module, or of
a class, a test or one case of a test in it.

The whole of `tests/cli` on PostgreSQL, from the root of the project:

    LOOP_TEST_CLI=postgres python -m pytest -m "" tests/cli
"""

from __future__ import annotations

DIFFERS: dict[str, tuple[str, ...]] = {
    "it is about how a folder is found and named": (
        "test_commands.py::test_config_tells_where_each_value_came_from",
        "test_complete.py::test_in_a_folder_with_an_odd_name_changes_are_seen_too",
        "test_init.py::TestRefusals::test_inside_and_around_another_vault",
    ),
    "of the settings that a vault brings, only those that say how to read it count in a database": (
        "test_edit.py::TestNotSaved::test_a_vault_may_not_name_the_editor",
        "test_exit_codes.py::test_a_bad_configuration_is_2_and_names_the_file[no value for it]",
        "test_login.py::TestWhichServer::test_a_vault_has_no_say",
        "test_styles.py::test_plain_has_no_boxes_no_columns_and_no_signs[setting]",
    ),
    "a database knows no working directory, and no path from the root of the system": (
        "test_check.py::TestGithub::test_annotations",
        "test_check.py::TestSelection::test_the_files_that_a_hook_names",
        "test_exit_codes.py::test_a_path_may_be_relative_to_the_current_folder_of_the_vault",
        "test_exit_codes.py::test_a_path_may_begin_at_the_root_of_the_system",
        "test_get_several.py::test_a_path_names_the_entity_in_the_file",
        "test_paths_as_ids.py::test_a_path_from_here",
        "test_paths_as_ids.py::test_a_path_from_the_root_of_the_system",
    ),
    "its processes open the folder by themselves": ("test_create_at_once.py::test_thousands",),
    "it holds the lock file of a folder": ("test_waiting.py",),
    "what another program changes in a database without a record is not watched": (
        "test_watch.py::TestOnlyTheVault::test_a_link_in_the_place_of_a_folder",
        "test_watch.py::TestOnlyTheVault::test_folders_that_the_schema_leaves_out_are_not_watched",
        "test_watch.py::TestOnlyTheVault::test_new_folders_are_watched_and_what_came_with_them_told",
        "test_watch.py::test_changes_outside",
        "test_watch.py::test_each_is_told_once",
        "test_watch.py::test_lines_for_people_about_changes_outside",
    ),
    "it counts what the system watches": (
        "test_watch.py::TestOnlyTheVault::test_behind_links_nothing_is_watched",
    ),
    "nothing is staged and there is no lock file in a database": (
        "test_check.py::TestFindings::test_a_lock_that_is_held_for_long",
        "test_check.py::TestFindings::test_what_lies_staged",
        "test_hostile.py::test_an_ignore_file_is_made_once_for_all_to_read",
        "test_kept.py::test_what_cannot_be_finished_is_taken_aside",
    ),
    "there are no links, folders, pipes, sockets or sparse files in a database": (
        "test_hostile.py::TestPlacesOfTheSchema::test_a_type_that_is_a_folder[to-hooks]",
        "test_hostile.py::TestPlacesOfTheSchema::test_no_place[to-hooks/{entity_id}.md]",
        "test_hostile.py::TestPlacesOfTheSchema::test_no_place[to-log/{entity_id}.md]",
        "test_hostile.py::TestPlacesOfTheSchema::test_no_place[to-outside/new/{entity_id}.md]",
        "test_hostile.py::TestPlacesOfTheSchema::test_no_place[to-outside/{entity_id}.md]",
        "test_hostile.py::test_a_folder_of_ours_that_is_a_link_out_of_the_vault_is_refused",
        "test_hostile.py::test_a_link_that_leaves_the_vault_is_refused",
        "test_hostile.py::test_a_log_that_is_a_link_is_not_followed",
        "test_hostile.py::test_a_pipe_for_the_settings_stops_nothing",
        "test_hostile.py::test_a_schema_can_not_lead_out_of_the_vault",
        "test_hostile.py::test_it_does_not_hide_the_entity_itself",
        "test_hostile.py::test_what_is_no_file_in_the_place_of_one_that_a_vault_has",
        "test_hostile.py::test_what_is_no_ordinary_file_is_6",
        "test_kept.py::TestStrangers",
    ),
    "a database is written as a whole: no file or folder of it is read-only or in the way": (
        "test_exit_codes.py::test_a_log_that_cannot_be_written_is_1_and_the_entity_is_untouched",
        "test_hostile.py::test_a_read_only_log_or_folder_is_1_and_nothing_is_lost",
    ),
    "rotating, redacting and migrating work on the files of the log": (
        "test_descriptors.py::test_what_landed_is_said_where_the_result_can_t_be"
        "[audit rotate-rotated->&-]",
        "test_descriptors.py::test_what_landed_is_said_where_the_result_can_t_be"
        "[audit rotate-rotated->/dev/full]",
        "test_follow.py::test_a_rotation_and_a_redaction_are_survived",
        "test_history.py::TestHistory::test_a_redaction_is_in_it_and_is_no_change",
        "test_undo_hashed.py::TestHashed::test_a_redaction_does_not_stand_in_the_way_of_what_it_leaves",
        "test_undo_hashed.py::TestHashed::test_what_was_redacted_is_refused_in_words",
        "test_upgrade.py",
    ),
    "in a database a line that is no record belongs to no entity": (
        "test_log.py::test_of_one_entity_only_its_lines_are_read",
    ),
    "a database needs a driver, which is loaded on every path": (
        "test_commands.py::test_nothing_heavy_is_imported_for_machines",
        "test_complete.py::test_nothing_heavy_is_loaded",
        "test_start.py::test_little_is_loaded",
    ),
    "it is about the cache of a folder": (
        "test_complete.py::test_a_cache_that_is_a_link_is_not_used",
        "test_complete.py::test_an_index_that_is_no_file_is_made_anew",
        "test_complete.py::test_changed_settings_are_seen_the_vault_s_and_the_user_s",
        "test_complete.py::test_names_are_for_this_user_alone",
        "test_complete.py::test_nor_what_is_no_file_in_the_cache",
        "test_complete.py::test_of_a_large_index_the_words_are_read_behind_the_answers_back",
        "test_list.py::test_a_damaged_index_is_made_anew_with_one_warning",
        "test_search.py::test_many_first_searches_at_once_leave_a_whole_index",
        "test_search.py::test_without_a_cache_it_finds_the_same",
    ),
    "a folder has files that its index does not know yet": (
        "test_one_of_two.py::test_one_that_names_the_bytes_is_not_kept_from_them",
    ),
}
