"""Write and send a report: GET and POST /lapor."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, g, request
from flask_babel import lazy_gettext

from crypto import letter as letters
from crypto import receipt as receipts
from crypto.attachment import Attachment
from crypto.encoding import epoch_of, today
from crypto.prose.traces import cut
from crypto.row import OBJECT_ID_BYTES
from dropbox import form
from dropbox.errors import BadRequest, Broken, Busy, Closed, Full
from dropbox.intake import read_form
from dropbox.legal import classified
from dropbox.pages import preview
from dropbox.pages.flood import question, spend_answer, unanswered
from dropbox.pages.keeping import all_files, keep, kept_files, seal_kept
from dropbox.pages.refusals import choose_again, problem_text, too_many_files
from dropbox.pages.request import answer_first, boundary, refuse_cross_site, upload_place
from dropbox.pages.show import plain, show
from dropbox.received import Received
from dropbox.sealing import RowWriter
from dropbox.services import directory, here
from dropbox.sessions import SessionEnded
from dropbox.tracewords import KINDS
from keys.roster import Group

_SECTION_ORDER = (form.WHERE, form.WHAT, form.EVIDENCE, form.SAFETY)


@dataclass(slots=True)
class Draft:
    """A form on its way: what was typed, checked, routed."""

    received: Received = field(repr=False)
    day: int
    fields: dict[str, str] = field(default_factory=dict, repr=False)
    problems: list[form.Problem] = field(default_factory=list, repr=False)
    groups: tuple[Group, ...] = ()
    status: int = 422

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """All files that go with this report."""
        return all_files(self.received)

    def open_writer(self, typed: Mapping[str, Sequence[str]]) -> RowWriter | None:
        """Return the writer for files of this form, None when its routing must be mended first. Raises Busy."""
        if form.AREA not in typed or form.LEVEL not in typed:
            raise BadRequest("a file before the routing fields")
        try:
            groups, problems = routed(typed, self.day)
            if problems:
                return None
            with contextlib.suppress(SessionEnded):
                self.received.kept = kept_files(typed, [x.id for x in groups], seed_of(typed))
            return here().writer(directory(), groups, self.day) if upload_place(self.received) else None
        except Closed:
            return None


def install(pages: Blueprint) -> None:
    """Add the pages of this module."""
    pages.get("/lapor")(empty_form)
    pages.post("/lapor")(send)
    pages.post("/lapor/siapa")(who_reads)
    pages.post("/lapor/periksa")(check)
    pages.post("/lapor/ubah")(change)
    for path in ("siapa", "periksa", "ubah"):  # a reloaded tab begins anew
        pages.get(f"/lapor/{path}", endpoint=f"form_after_{path}")(empty_form)


def empty_form() -> Response:
    """Show an empty form with a fresh secret of its own."""
    return show_form({}, status=200)


def who_reads() -> Response:
    """Show the form again with the readers that these answers lead to; nothing is stored."""
    return _form_again(asked_who=True)


def change() -> Response:
    """Show the form again as it was typed; nothing is stored."""
    return _form_again(asked_who=False)


def _form_again(*, asked_who: bool) -> Response:
    """Drop files that come along: whoever asks may be about to exclude a unit that they would be sealed to."""
    received = read_form(request.stream, boundary(), lambda _typed: None)  # type: ignore[arg-type]
    draft = Draft(received, today())
    with contextlib.suppress(Closed):
        draft.groups = routed(received.typed, draft.day)[0]
    _check_files(draft)
    return show_form(
        received.typed,
        status=200,
        kept=draft.received.kept,
        groups=draft.groups,
        dropped=received.dropped,
        asked_who=asked_who,
    )


def send() -> Response:
    """Take a report: all its rows are stored and synced before the receipt is shown.

    What could point to the writer is shown first, once; whoever sends it all the same is not asked again.
    """
    return _take(asked=False)


def check() -> Response:
    """Show the report as it would go, with what could point to the writer; its letter is not stored."""
    return _take(asked=True)


def _take(*, asked: bool) -> Response:
    refuse_cross_site()
    draft = Draft(Received(here().cleanroom), today())
    try:
        read_form(request.stream, boundary(), draft.open_writer, draft.received)  # type: ignore[arg-type]
        _check(draft)
        if draft.problems:
            return _refuse(draft)
        if asked or preview.must_ask(draft.received.typed, draft.fields, draft.attachments, draft.received.kept):
            return _preview(draft, asked=asked)
        return _commit(draft)
    except (Busy, Full, Closed, Broken) as error:
        draft.status, draft.received.closed = 503, isinstance(error, Closed)
        _find_kept(draft)
        draft.problems.append(form.Problem("", problem_text(error)))
        return answer_first(_refuse(draft))
    finally:
        draft.received.place.close()


def routed(typed: Mapping[str, Sequence[str]], day: int) -> tuple[tuple[Group, ...], list[form.Problem]]:
    """Return the groups that the routing answers lead to, or what must be mended in them; raises Closed."""
    wanted = [form.BY_KEY[key] for key in form.ROUTING]
    fields, problems = form.read_fields(typed, wanted, directory().roster)
    if problems:
        return (), problems
    wishes = [w for w in fields.get(form.EXCLUDED, "").split(",") if w]
    return directory().route(fields[form.AREA], fields[form.LEVEL], wishes, day), []


def _check(draft: Draft) -> None:
    received = draft.received
    here().check_sealing(directory(), draft.day)  # first: there is no use in choosing files once more
    draft.fields, draft.problems = form.read_fields(received.typed, form.FIELDS, directory().roster)
    if not any(p.key in form.ROUTING for p in draft.problems):
        draft.groups, _none = routed(received.typed, draft.day)
    _check_files(draft)
    draft.problems += unanswered(received.typed)
    if form_seed(received.typed) is None:
        text = lazy_gettext("Halaman ini sudah lama terbuka. Periksa tulisan Anda, lalu kirim sekali lagi.")
        draft.problems.append(form.Problem("", text))


def _check_files(draft: Draft) -> None:
    """Find the files of earlier tries, and say what is wrong with those of this one."""
    received = draft.received
    if any(p.key == form.FILES or p.key == "" for p in received.problems):
        draft.status = 503 if received.full else 413
    draft.problems += received.problems
    try:
        draft.received.kept = kept_files(received.typed, [x.id for x in draft.groups], seed_of(received.typed))
    except SessionEnded:  # sealed to readers that are no longer known, too
        received.dropped = True
    draft.problems += choose_again(received, draft.problems)
    if over := too_many_files(draft.attachments):
        draft.status = 413
        draft.problems.append(form.Problem(form.FILES, over))


def form_seed(typed: Mapping[str, Sequence[str]]) -> tuple[bytes, int] | None:
    """Return the secret in the hidden field `benih` and its end, None when it is none of ours or too old.

    It ends after some hours: whoever sits at this computer next and sends the page again sees no old code.
    """
    try:
        return here().fields.open_seed("".join(typed.get(form.SEED, ())))
    except SessionEnded:
        return None


def _find_kept(draft: Draft) -> None:
    """Find the files of earlier tries for a form that was not read to its end."""
    with contextlib.suppress(Closed, SessionEnded):
        draft.groups = draft.groups or routed(draft.received.typed, draft.day)[0]
        draft.received.kept = draft.received.kept or kept_files(
            draft.received.typed, [x.id for x in draft.groups], seed_of(draft.received.typed)
        )


def seed_of(typed: Mapping[str, Sequence[str]]) -> bytes:
    """Return the secret of a form, nothing when it has ended: files kept for it are gone with it."""
    return (form_seed(typed) or (b"", 0))[0]


def _commit(draft: Draft) -> Response:
    services = here()
    spend_answer(draft.received.typed)
    seed, _ends = form_seed(draft.received.typed) or (b"", 0)
    ids = tuple(x.id for x in draft.groups)
    writer = draft.received.writer or services.writer(directory(), draft.groups, draft.day)
    code = receipts.make_code(seed, draft.fields, ids, [a.sha256 for a in draft.attachments])
    with services.report_lane.enter():
        receipt = receipts.derive(code, directory().roster.deployment)
    letter = letters.Letter(
        type=letters.REPORT,
        object_id=os.urandom(OBJECT_ID_BYTES),
        fields=draft.fields | classified(draft.fields),
        language=draft.fields.get("bahasa", g.language),
        day=draft.day,
        readers=ids,
        mailbox=receipt.mailbox,
        attachments=draft.attachments,
        reply_key=receipt.reply.public.raw,
        thread_key=receipt.thread,
        claim=receipt.claim,
        mailbox_name=" ".join(receipt.name),
    )
    writer.finish(letter.object_id, letters.build_letter(letter), kept_rows=sum(a.parts for a in draft.received.kept))
    return show(
        "terima.html",
        words=receipts.code_words(code),
        name=receipt.name,
        groups=draft.groups,
        attachments=draft.attachments,
        **_others(draft.received.typed, draft.day),
    )


def _refuse(draft: Draft) -> Response:
    """Give the form back with everything typed."""
    received = draft.received
    keep(received)
    draft.problems += choose_again(received, draft.problems)
    return show_form(
        received.typed, status=draft.status, problems=draft.problems, kept=received.kept, groups=draft.groups
    )


def _preview(draft: Draft, *, asked: bool) -> Response:
    """Show the report before it is sent; what was typed goes along in hidden fields."""
    keep(draft.received)
    typed = draft.received.typed
    if draft.received.dropped:  # files that found no room have to be chosen again, which is said in the form
        return show_form(typed, status=503, kept=draft.received.kept, groups=draft.groups, dropped=True)
    seed, ends = form_seed(typed) or (b"", 0)
    return show(
        "periksa.html",
        status=200 if asked else 422,
        asked=asked,
        answers=preview.answers(draft.fields, directory().roster, g.language),
        found=preview.kinds(draft.fields, draft.received.kept),
        question=question() if unanswered(typed) else None,
        hidden=[(key, value) for key in (*form.BY_KEY, form.QUESTION, form.SUM) for value in typed.get(key, ())],
        seed=here().fields.seal_seed(seed, expires=ends),
        kept=draft.received.kept,
        kept_sealed=seal_kept(draft.groups, draft.received.kept, seed, ends),
        kind_name=KINDS.__getitem__,
        cut=cut,
        groups=draft.groups,
        **_others(typed, draft.day),
    )


def _others(typed: Mapping[str, Sequence[str]], day: int) -> dict[str, Any]:
    """Return who cannot open the report: `barred` never may, `absent` would but cannot now."""
    fields, _problems = form.read_fields(typed, [form.BY_KEY[key] for key in form.ROUTING], directory().roster)
    if form.AREA not in fields or form.LEVEL not in fields:
        return {"barred": (), "absent": ()}
    wishes = [w for w in fields.get(form.EXCLUDED, "").split(",") if w]
    choice = fields[form.AREA], fields[form.LEVEL], wishes
    return {"barred": directory().barred(*choice), "absent": directory().absent(*choice, day)}


def show_form(
    typed: Mapping[str, Sequence[str]],
    *,
    status: int,
    problems: Sequence[form.Problem] = (),
    kept: Sequence[Attachment] = (),
    groups: Sequence[Group] = (),
    dropped: bool = False,
    asked_who: bool = False,
) -> Response:
    """Render the form with what was typed, what must be mended, and who would read it."""
    services, day, closed = here(), today(), None
    if not groups and any(typed.get(form.AREA, ())) and any(typed.get(form.LEVEL, ())):
        try:
            groups, _unused = routed(typed, day)
        except Closed as error:
            closed = error.why.name
    seed, ends = form_seed(typed) or (os.urandom(receipts.SEED_BYTES), 0)
    sections = [(title, [f for f in form.FIELDS if f.section is title]) for title in _SECTION_ORDER]
    return show(
        "lapor.html",
        status=status,
        sections=sections,
        areas=form.area_options(directory().roster, g.language),
        typed=typed,
        problems=plain(problems),
        problem_of={p.key: p.message for p in reversed(plain(problems))},
        seed=services.fields.seal_seed(seed, expires=ends),
        kept=kept,
        kept_sealed=seal_kept(groups, kept, seed, ends),
        groups=groups,
        closed=closed,
        some_absent=_some_area_is_absent(day),
        dropped=dropped,
        asked_who=asked_who,
        question=question(),
        **_others(typed, day),
    )


def _some_area_is_absent(day: int) -> bool:
    """Tell whether the unit of some area cannot read now, so that others read what is reported there."""
    roster = directory().roster
    return bool((set(roster.routing) & roster.group_ids) - directory().key_holders(epoch_of(day)))
