"""What is promised, where it is said, and which tests hold it.

Here: the list. A test asks that every test and every quoted sentence is there. Not here: running
them (`stages`).
"""

from __future__ import annotations

from dataclasses import dataclass

KILLS, PROCESSES, DEMO, BACKFILL = (
    "kills at writes",
    "kills of processes",
    "kills of the demo",
    "kill of a deployment",
)
SIDE_BY_SIDE, DAMAGE, DAMAGED_LINES = (
    "runs side by side",
    "damaged files",
    "lines over damaged files",
)
TABLES, LINES, SOAK = "hostile tables", "hostile tables, whole line", "soak"

FAULTS, UNIT, INTEGRATION = (
    "tests/faults/test_{}.py::test_{}",
    "tests/unit/{}/test_{}.py::test_{}",
    "tests/integration/test_{}.py::test_{}",
)


@dataclass(frozen=True)
class Promise:
    """One thing that the documents promise."""

    text: str
    said_in: str
    """The document, from the project's root."""
    quoted: str
    """Words of that document that promise it; line breaks do not count."""
    short: tuple[str, ...]
    """Tests of `make test`, as pytest names them."""
    stages: tuple[str, ...] = ()
    """Names of long stages."""


def _unit(module: str, *names: str) -> tuple[str, ...]:
    return tuple(UNIT.format(*module.rsplit("/", 1), name) for name in names)


def _fault(module: str, *names: str) -> tuple[str, ...]:
    return tuple(FAULTS.format(module, name) for name in names)


def _line(module: str, *names: str) -> tuple[str, ...]:
    return tuple(INTEGRATION.format(module, name) for name in names)


PROMISES = (
    Promise(
        "The demo, killed at any moment and started again, ends in the same release",
        "README.md",
        "Killed at any moment and started again",
        _line("members", "a_killed_demo_goes_on_where_it_was_and_ends_in_a_release"),
        (KILLS, DEMO),
    ),
    Promise(
        "Killed at any write (encoder, member, dataset, models, table, verdict, report, warehouse, release, latest) readers "
        "see the former or the new thing, and writing again ends in the same bytes",
        "docs/architecture.md",
        "a reader sees the whole old file or the whole new one",
        _fault(
            "kills_at_writes",
            "stores_killed_at_any_write_hold_former_or_new_things_and_end_in_the_same_bytes",
        ),
        (KILLS,),
    ),
    Promise(
        "What a killed writer left unfinished is cleared, what a living one holds stays",
        "docs/architecture.md",
        "a killed writer left unfinished is cleared at the next start",
        _unit(
            "resources/whole_files",
            "what_a_killed_writer_left_is_cleared_and_what_a_living_one_holds_stays",
        ),
        (KILLS,),
    ),
    Promise(
        "A killed worker, run, daemon or whole deployment leaves nothing that hangs, and no place in a pool taken",
        "docs/decisions/0010-recovery-of-killed-deployments.md",
        "A killed run's places in a pool stay taken",
        (
            *_line(
                "sweep",
                "only_a_dead_process_ends_its_run_whatever_the_clock_or_a_columns_name_says",
                "the_place_of_a_killed_run_is_free_for_the_next_one",
            ),
            *_unit("resources/compute", "workers_die_with_a_parent_that_is_killed"),
        ),
        (PROCESSES, BACKFILL),
    ),
    Promise(
        "A worker that dies is an error that names the members in work; those that finished are kept",
        "docs/decisions/0004-one-process-per-member-one-thread.md",
        "A worker that dies (out of memory, killed) is an error that names the members in work",
        _unit(
            "resources/compute",
            "a_killed_worker_is_an_error_that_names_members_in_work_and_the_next_map_works",
        ),
        (PROCESSES,),
    ),
    Promise(
        "No step of the clock makes a living run a dead one",
        "docs/architecture.md",
        "by its number and birth, which no step of the clock changes",
        _unit("resources/processes", "a_step_of_the_clock_makes_nobody_another_process"),
    ),
    Promise(
        "Runs of the same and of other seeds at a time all succeed, and readers never see half a file",
        "docs/decisions/0001-parquet-lake-and-swapped-duckdb-file.md",
        "readers never see half a file",
        (
            *_unit(
                "resources/warehouse",
                "two_builders_at_once_and_a_reader_among_them",
                "a_reader_neither_blocks_the_builder_nor_sees_half_a_file",
            ),
            *_unit("resources/artifacts", "a_reader_beside_writers_always_finds_one_whole_set"),
        ),
        (SIDE_BY_SIDE,),
    ),
    Promise(
        "A file that is missing, cut off, damaged, foreign or out of place is refused by its reader, or harmless",
        "docs/architecture.md",
        "a file that is missing, damaged, or whose content is not that of its record",
        (
            *_fault(
                "damage",
                "one_of_everything_damaged_is_refused_or_harmless",
                "a_foreign_file_takes_nothing_away_and_is_told",
            ),
            *_unit(
                "resources/lake",
                "no_flipped_byte_goes_unnoticed_as_another_frame_or_as_a_foreign_exception",
            ),
            *_unit("resources/sealed", "no_flipped_bit_gives_another_document"),
        ),
        (DAMAGE,),
    ),
    Promise(
        "What is damaged is made again, or the refusal names it",
        "docs/architecture.md",
        "with an error that says what is stored, what was expected and how to mend it",
        (
            *_fault("damage", "what_was_damaged_is_mended_by_making_it_again"),
            *_line("bad_input", "a_damaged_generator_is_refused_and_made_anew"),
        ),
        (DAMAGED_LINES,),
    ),
    Promise(
        "What the warehouse shows was verified",
        "docs/decisions/0027-what-is-shown-was-verified.md",
        "The warehouse holds no views over files",
        _unit(
            "resources/warehouse",
            "no_flipped_bit_of_lake_or_file_gives_other_rows",
            "what_a_killed_notebook_wrote_is_not_replayed_into_the_next_file",
        ),
        (DAMAGE,),
    ),
    Promise(
        "A consumer of a release trusts nothing but the checked manifest, and reads nothing outside its folder",
        "docs/decisions/0027-what-is-shown-was-verified.md",
        "a consumer trusts the checked manifest alone",
        (
            *_unit(
                "resources/hostile_releases",
                "a_manifest_whose_parts_do_not_agree_is_refused",
                "a_pointer_leads_to_a_version_or_nowhere",
                "any_flipped_byte_is_refused_or_changes_nothing",
            ),
            *_line("downstream_team", "a_changed_dataset_is_refused"),
        ),
        (DAMAGE,),
    ),
    Promise(
        "A table of any content is taken or refused in words, never with a library's traceback",
        "README.md",
        "A mistake in a declaration is reported with the file, the field, what was found and what is allowed",
        _fault(
            "hostile_tables",
            "a_hostile_table_is_taken_or_refused_in_words",
            "a_hostile_table_is_checked",
            "each_kind_of_cell_by_itself_is_taken_or_refused",
        ),
        (TABLES, LINES),
    ),
    Promise(
        "No place but those of real rows tells of one person",
        "docs/disclosure.md",
        "searches every place but those marked *real rows*",
        _fault(
            "canaries",
            "no_place_tells_of_one_person",
            "datasets_hold_no_number_and_no_moment_that_few_rows_reach",
        ),
    ),
    Promise(
        "No password of a declaration comes out again, by an error, a log, metadata or Dagster's storage",
        "docs/security.md",
        "puts a password in many places and searches all that comes out",
        (
            *_fault(
                "secrets",
                "a_mistake_in_a_declaration_shows_no_secret",
                "secrets_anywhere_in_any_field",
                "a_source_that_fails_shows_no_secret",
            ),
            *_line("secrets_in_dagster", "runs_and_sensors_keep_and_print_no_secret"),
        ),
    ),
    Promise(
        "A query of a source cannot write",
        "docs/security.md",
        "is refused by the file (`mode=ro`)",
        _unit(
            "resources/source_queries",
            "a_query_cannot_change_the_database",
            "a_duckdb_query_reads_and_writes_no_other_file",
        ),
    ),
    Promise(
        "What is stored runs no code when it is loaded",
        "docs/decisions/0006-artifacts-that-cannot-run-code.md",
        "refused on loading",
        (
            *_unit("generators/state_files", "nothing_in_the_files_can_run_code"),
            *_unit("downstream/models", "loading_refuses_types_that_no_model_of_ours_has"),
        ),
    ),
    Promise(
        "A verdict counts for what it was given on, under the present thresholds; a failed check keeps the release back",
        "docs/architecture.md",
        "`release` asks for the verdicts of every check whose card says that it gates, and stops",
        (
            *_unit(
                "assets/rules", "what_passed_under_a_looser_threshold_has_to_be_looked_at_again"
            ),
            *_line("bad_input", "a_failed_check_keeps_the_release_back"),
        ),
    ),
    Promise(
        "A damaged verdict counts as not given, is named, and stops no other table's or family's release",
        "docs/architecture.md",
        "counts as not given, and report and refusal name it",
        (
            *_unit(
                "resources/verdicts",
                "a_damaged_verdict_counts_as_not_given_is_told_with_its_place_and_stops_no_other",
            ),
            *_line("gate", "a_damaged_verdict_is_named_and_stops_only_its_own_members_release"),
        ),
    ),
    Promise(
        "`make verify` names each damaged, foreign or lost file with the command that mends it",
        "README.md",
        "names what is damaged, foreign or lost with the command that mends it",
        _unit(
            "resources/verify",
            "each_damaged_file_is_named_with_what_mends_it",
            "each_lost_file_is_named",
            "each_foreign_file_is_named",
            "rows_of_the_warehouse_that_somebody_changed_are_found",
        ),
    ),
    Promise(
        "Models that are made again are the same, byte for byte, and leave the evaluation as it is",
        "docs/architecture.md",
        "the same work done twice with the same result is the same artifact",
        (
            *_unit(
                "downstream/member_models",
                "the_same_dataset_fitted_again_gives_the_same_files_and_seconds_of_its_own",
            ),
            *_line(
                "members", "models_made_again_are_the_same_ones_and_leave_the_evaluation_as_it_is"
            ),
        ),
    ),
    Promise(
        "A reader beside writers of the same artifact finds one whole set",
        "docs/architecture.md",
        "a reader that was on its way there begins again",
        _unit("resources/artifacts", "a_reader_beside_writers_always_finds_one_whole_set"),
    ),
    Promise(
        "A trial never becomes the latest release",
        "README.md",
        "it never becomes the latest",
        (
            *_unit(
                "resources/releases", "a_trial_is_opened_by_its_version_alone_and_replaces_nothing"
            ),
            *_line("gate", "a_trial_is_marked_in_name_manifest_and_card_and_the_latest_stays"),
        ),
    ),
    Promise(
        "A schedule skips while a run of its table goes, and a deployment that runs for long does not grow",
        "docs/architecture.md",
        "skips with the reason while a run of the table is queued or executed",
        _line("automation", "no_second_run_of_a_line_is_started_by_schedule_or_sensor"),
        (SOAK,),
    ),
)
