"""Trouble that people meet on machines of their own, and the test that tries each kind of it.

`make test-portable` runs these tests, `pytest --portable -v` names them; those marked `portable`
are run by nothing else. A test without its case in brackets stands for all of its cases.
"""

SETTINGS = "test_surroundings.py::test_a_run_with_a_readers_settings_gives_the_committed_outputs"
LACKS = "test_surroundings.py::test_what_a_machine_lacks_is_told_in_a_line"
PARAMETER = "test_surroundings.py::test_a_value_is_never_run"
FILE = "test_damaged_tables.py::test_a_damaged_file_is_named_with_its_row"
CELL = "test_damaged_tables.py::test_a_damaged_cell_is_named_with_row_and_column"
BESIDE = "test_schemas.py::test_what_neighbours_rule_out_is_named"
OWN = "test_own_tables.py::test_damage_is_named_by_file_row_and_column"
SOURCES = "test_schemas.py::test_bad_provenance_is_named"
DAMAGE = "test_chain_damage.py"
OUTPUT = f"{DAMAGE}::test_each_damaged_output_is_seen_and_all_are_rebuilt_alone"

KINDS = {
    # a person's own settings
    "a matplotlibrc that crops, or sets text by LaTeX": SETTINGS,
    "a profile of IPython with startup files and figure formats": SETTINGS,
    "a kernel python3 of the user's that is another program": SETTINGS,
    "PYTHONSTARTUP": SETTINGS,
    "PYTHONPATH with another pandas first": SETTINGS,
    "PYTHONWARNINGS that make warnings errors": SETTINGS,
    "PYTHONOPTIMIZE, which drops asserts": SETTINGS,
    "a backend of matplotlib in MPLBACKEND": SETTINGS,
    "a kernel that an editor wrote into a notebook": SETTINGS,
    "MATPLOTLIBRC beside plain Python":
        "test_surroundings.py::test_figures_ignore_a_readers_matplotlibrc",
    "a library that writes to stderr":
        "test_run.py::test_what_a_kernel_writes_to_stderr_is_taken_out_of_the_notebook",
    "folders of settings that point elsewhere":
        "test_surroundings.py::test_programs_find_the_checkouts_own_folders",
    # homes and folders
    "no home": "test_surroundings.py::test_a_home_that_is_not_there_is_replaced",
    "a run without a home":
        "test_surroundings.py::test_a_run_without_a_home_gives_the_committed_outputs",
    "a folder with blanks, quotes and letters beyond ASCII":
        "test_surroundings.py::test_a_folder_of_any_name_with_data_and_outputs_behind_links",
    "data and outputs behind links":
        "test_surroundings.py::test_a_folder_of_any_name_with_data_and_outputs_behind_links",
    "outputs on another file system":
        "test_surroundings.py::test_outputs_may_lie_on_another_file_system",
    "a checkout that can only be read":
        "test_surroundings.py::test_a_checkout_that_can_only_be_read_is_told",
    "a package imported from any folder":
        "test_environment.py::test_the_package_imports_from_any_folder",
    "no fcntl and no resource, as on Windows":
        "test_surroundings.py::test_every_module_is_imported_where_unix_modules_are_missing",
    "a make that tells no number of jobs, such as 3.81":
        "test_all_donors.py::test_free_jobs_are_taken_from_makes_pipe_and_given_back",
    "jobs that make hands on": "test_all_donors.py::test_make_hands_its_jobs_on",
    "another awk": "test_chain.py::test_help_is_the_same_with_every_awk",
    # parameters
    "a parameter in the environment, and make -e":
        "test_surroundings.py::"
        "test_parameters_from_the_environment_are_checked_as_those_of_the_command_line",
    "a quotation mark in a parameter": f"{PARAMETER}[JPN'; touch harm; ']",
    "a call of make in a parameter": f"{PARAMETER}[$(shell touch harm)]",
    "a call of the shell in a parameter": f"{PARAMETER}[`touch harm`]",
    "RUN as a parameter": "test_surroundings.py::test_a_runs_name_is_no_parameter",
    # setting up
    "a Python that is too old": "test_environment.py::test_an_old_python_is_told_in_one_line",
    "an old Python with parameters":
        "test_study.py::test_an_old_python_is_told_in_one_line_with_parameters_too",
    "a Python without venv, or without ssl":
        "test_environment.py::test_a_python_with_a_part_missing_is_told_which",
    "a checkout moved or copied":
        "test_environment.py::test_a_moved_or_copied_environment_is_made_anew",
    "a mirror set for pip":
        "test_environment.py::test_a_mirror_of_pip_serves_uv_and_folders_elsewhere_do_not",
    "PIP_TARGET and PIP_USER":
        "test_environment.py::test_a_mirror_of_pip_serves_uv_and_folders_elsewhere_do_not",
    "packages in several places":
        "test_environment.py::test_a_package_may_come_from_any_of_several_places",
    "an index out of reach":
        "test_environment.py::test_an_index_out_of_reach_is_told_in_one_line",
    # what a machine lacks or does
    "too few open files": f"{LACKS}[ulimit -n 24-too few files may be open at once]",
    "too little memory": f"{LACKS}[ulimit -v 300000-its kernel ended: ]",
    "files that may not grow": f"{LACKS}[ulimit -f 100-large]",
    "a folder where a file should be":
        f"{LACKS}[rm outputs/JPN/data/panel.csv; mkdir -p outputs/JPN/data/panel.csv/x"
        "-is a directory]",
    "a file where a folder should be":
        f"{LACKS}[touch .build-.build/jpn: a file stands where a folder should be]",
    "a full disk":
        "test_commands.py::test_a_machines_fault_is_told_before_what_a_library_makes_of_it",
    "a log that cannot be written":
        "test_commands.py::test_a_log_that_cannot_be_written_is_not_named",
    "no network, loopback neither":
        "test_surroundings.py::test_a_run_with_the_network_cut_off_gives_the_committed_outputs",
    "a run that is killed leaves its kernel":
        "test_surroundings.py::test_a_kernel_ends_with_the_run_that_started_it",
    "a kernel that does not start":
        "test_run.py::test_of_a_kernel_that_did_not_start_the_last_words_are_told",
    "a kill at once": f"{DAMAGE}::test_a_kill_leaves_nothing_that_make_trusts[0.3]",
    "a kill while a notebook runs": f"{DAMAGE}::test_a_kill_leaves_nothing_that_make_trusts[2]",
    "a clock that was set back": f"{DAMAGE}::test_an_edit_is_seen_where_the_clock_was_set_back",
    "what a kill at a rename leaves, and an executed notebook gone":
        f"{DAMAGE}::test_what_a_kill_left_goes_and_an_executed_notebook_is_made_again",
    "a stamp that is empty, cut or something else":
        f"{DAMAGE}::test_a_broken_stamp_is_seen_through",
    "an output deleted": OUTPUT,
    "an output cut": OUTPUT,
    "an output edited": OUTPUT,
    "a damaged manifest": f"{DAMAGE}::test_a_damaged_manifest_is_rebuilt",
    "a merge conflict in a notebook":
        "test_run.py::test_a_merge_conflict_in_a_notebook_is_named_with_its_line",
    "a notebook that cannot be taken over": "test_accept.py::test_all_are_taken_over_or_none",
    # tables: any of them, as a file
    "a byte order mark": f"{FILE}[a byte order mark]",
    "semicolons for commas": f"{FILE}[semicolons]",
    "tabs for commas": f"{FILE}[tabs]",
    "Windows-1252": f"{FILE}[Windows-1252]",
    "UTF-16": f"{FILE}[UTF-16]",
    "autocrlf": f"{FILE}[lines that end in CR LF]",
    "a conflict's marker in a table": f"{FILE}[a conflict's marker]",
    "a row of another length": f"{FILE}[a field too many]",
    "a row cut short": f"{FILE}[an end cut off]",
    "a quotation mark left open": f"{FILE}[a quotation mark left open]",
    "a blank line": f"{FILE}[a blank line]",
    "a row twice": f"{FILE}[a row twice]",
    "a header of other columns": f"{FILE}[a header in capitals]",
    "no rows": f"{FILE}[no rows]",
    "an empty file": f"{FILE}[nothing]",
    # a cell of any of them
    "a year as the World Bank labels it": f"{CELL}[a year as the World Bank labels it]",
    "a decimal comma": f"{CELL}[a decimal comma]",
    "a space between thousands": f"{CELL}[a space between thousands]",
    "n.a.": f"{CELL}[words]",
    "an infinite value": f"{CELL}[no end]",
    "a value beyond all bounds": f"{CELL}[beyond all bounds]",
    "an unknown code": f"{CELL}[an unknown code]",
    "a day that is none": f"{CELL}[a day that is none]",
    "a control character": f"{CELL}[a control character]",
    "a mark without width": f"{CELL}[a mark without width]",
    # what only the rest of a table, or another one, tells
    "a factor of ten in a series": f"{BESIDE}[a factor of ten]",
    "a factor of ten beside current prices": f"{BESIDE}[a factor of ten beside current prices]",
    "a sign": f"{BESIDE}[a sign]",
    "a year gone from a series": f"{BESIDE}[a year gone]",
    "a year swapped": f"{BESIDE}[a year swapped]",
    "an unknown sector": f"{BESIDE}[an unknown sector]",
    "parts of grants that do not close": f"{BESIDE}[parts of grants]",
    "a claim deleted or renumbered": f"{OWN}[a claim renumbered]",
    "a claimed value that is not the article's": f"{OWN}[a claimed value changed]",
    "an event twice": f"{OWN}[an event doubled]",
    "an era's label swapped": f"{OWN}[a label swapped]",
    "a table missing": "test_own_tables.py::test_a_missing_table_is_named",
    "an edit that only a hash tells":
        "test_own_tables.py::test_what_a_schema_lets_pass_is_seen_by_its_hash",
    "an edit by hand": "test_own_tables.py::test_an_edit_by_hand_is_told_and_another_stops",
    "a key twice in data/sources.yml": f"{SOURCES}[a field twice]",
    "an unknown unit or measure": f"{SOURCES}[an unknown unit]",
    # what is handed on
    "a newcomer's number and figure":
        "test_surroundings.py::test_the_recipes_for_a_number_and_a_figure_work_as_written",
    "text of data in LaTeX": "test_tables.py::test_latex_aligns_decimals_and_escapes_text",
    "a paper beside underscore.sty, or in two columns":
        "test_tables.py::test_every_table_compiles_and_fits_the_page",
    "a crate from a checkout with files of one's own":
        "test_crate.py::test_what_git_does_not_track_is_not_packed",
    "a crate without git":
        "test_crate.py::test_without_git_all_that_lies_in_the_folders_is_packed",
}  # fmt: skip
