"""`ggufscope report`."""

from pathlib import Path
from typing import Annotated

import typer

from ..analysis.analysis_result import PROFILE_JSON, REPORT_JSON
from ..checks.check_result import CHECK_JSON
from ..fleets.shelf import is_fleet, read_shelf
from ..report.content.diff_words import label
from ..report.content.reading import read_report_data
from ..report.content.results import ReportData, other_settings
from ..report.content.spectra_file import read_beside
from ..report.renderers import RENDERERS, USUAL_FORMATS
from ..report.writing import chosen_formats, file_names, write_report
from ..runtime.trace_result import TRACE_JSON
from ..saving.directories import usable_directory
from ..saving.guard import Guard
from ..spectral.spectra_result import SPECTRA_JSON
from ..terminal.analysis import render_analysis
from ..terminal.bits import render_bits
from ..terminal.console import show
from ..terminal.diff import render_diff
from ..terminal.diff_profiles import render_profile_diff
from ..terminal.fleet import render_shelf
from ..terminal.profile import render_profile
from ..terminal.screen import Screen
from ..terminal.spectra import render_spectra, render_spectra_alone
from ..terminal.trace import render_trace
from ..terminal.validation import render_validation
from ..terminal.written import say_what_is_missing, show_written
from ..validation.validation_result import VALIDATION_JSON, Validation
from .completion import comma_choices
from .options import ForceOption, MarkdownOption, output_directory

_READ = (PROFILE_JSON, REPORT_JSON, VALIDATION_JSON, TRACE_JSON, CHECK_JSON, SPECTRA_JSON)  # of a directory
_FORMAT_HELP = f"Of {', '.join(RENDERERS)}, separated by commas; default: {','.join(USUAL_FORMATS)}. Needs --output."


def report(
    result: Annotated[
        Path,
        typer.Argument(
            metavar="RESULT.json",
            help="A saved analysis, profile, validation, trace, spectra, diff or choice of types, or a directory with"
            " one, or of a fleet.",
        ),
    ],
    *,
    output: Annotated[
        Path | None,
        output_directory("Write the report here; without it, show it here."),
    ] = None,
    formats: Annotated[
        str | None,
        typer.Option("--format", metavar="NAMES", help=_FORMAT_HELP, autocompletion=comma_choices(lambda: RENDERERS)),
    ] = None,
    force: ForceOption = False,
    as_markdown: MarkdownOption = False,
) -> None:
    """Render saved results again: page, Markdown, charts, tables, or a summary here.

    The model is not needed. What else of the same model stands beside an analysis or a validation is shown too.
    """
    chosen, missing = chosen_formats(formats)
    if output is None:
        if formats is not None:
            raise ValueError("--format needs a directory to write into: --output DIR")
        _show(_read(result), as_markdown=as_markdown)
        return
    if as_markdown:
        raise ValueError("--md shows the result here: it does not go with --output")
    say_what_is_missing(missing)
    directory = result if result.is_dir() else result.parent
    read = (result, read_beside(result), *(directory / name for name in _READ))
    guard = Guard(read, force=force)
    usable_directory(output, file_names(chosen), guard)
    show_written(write_report(_read(result), output, chosen, guard))


def _read(result: Path) -> ReportData:
    return ReportData.of_shelf(read_shelf(result)) if is_fleet(result) else read_report_data(result)


def _show(data: ReportData, *, as_markdown: bool) -> None:
    elsewhere = "the saved file has all" if data.shelf is None else "the tables have all"
    show(lambda screen: _render(screen, data), markdown=as_markdown, elsewhere=elsewhere)


def _render(screen: Screen, data: ReportData) -> None:
    """The view of each result as the command that made it shows it: of a diff, or the validation first."""
    if data.shelf is not None:
        render_shelf(screen, data.shelf)
    elif data.diff is not None:
        render_diff(screen, data.diff.document)
    elif data.bits is not None:
        render_bits(screen, data.bits.document)
    elif data.profile_diff is not None:
        compared = data.profile_diff.document
        render_profile_diff(screen, compared, [label(compared.reference), label(compared.model)], None, None)
    elif data.trace is not None and data.measured_alone and data.validation is None:
        render_trace(screen, data.trace.document)
    elif data.spectra is not None and data.measured_alone and data.validation is None:
        render_spectra_alone(screen, data.spectra.document)
    else:
        _render_study(screen, data)


def _render_study(screen: Screen, data: ReportData) -> None:
    """What there is of one model."""
    analysis, profile, validation = data.analysis, data.profile, data.validation
    if validation is not None:
        render_validation(screen, validation.document)
        for difference in other_settings(data):
            screen.line(f"! what was compared is not quite the analysis below: {difference}", "yellow")
    if analysis is not None:
        _say_what_comes(screen, "What the weights alone say:", after=validation)
        render_analysis(screen, analysis.document)
    elif profile is not None:
        _say_what_comes(screen, "What is in the weights:", after=validation)
        render_profile(screen, profile)
    if data.spectra is not None:
        screen.blank()
        render_spectra(screen, data.spectra.document)
    elif data.why_no_spectra is not None:
        screen.blank()
        screen.line(f"no singular values: {data.why_no_spectra}")
    if validation is None and data.why_no_validation is not None:
        screen.blank()
        screen.line(f"no validation: {data.why_no_validation}")


def _say_what_comes(screen: Screen, title: str, after: Validation | None) -> None:
    if after is not None:
        screen.blank()
        screen.line(title)
        screen.blank()
