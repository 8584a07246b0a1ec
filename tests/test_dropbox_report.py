"""POST /lapor: what is stored, what is refused, and that nothing typed is lost."""

import hashlib
import io
import re
import time

import pytest
from conftest import WITH_STATION
from flask.testing import FlaskClient
from live import BOUNDARY, REPORT, multipart
from web import get, letters_of, open_box, opened, post, report, waiting

from crypto.attachment import PART_BYTES, open_part
from crypto.row import Kind
from dropbox import arena, incoming, intake
from dropbox.arena import FILES_UP_TO
from dropbox.errors import Busy
from dropbox.fieldkeys import PERIOD_SECONDS
from dropbox.pages import report as pages
from dropbox.services import Services
from dropbox.store import chains
from keys.errors import RolledBack

LONG = "Seseorang mengatur pemenang lelang. " * 10
PHOTO = ("foto.jpg", bytes(range(256)) * 40, "image/jpeg")


def test_a_report_is_stored_as_one_letter_for_its_readers(client: FlaskClient, services: Services, small) -> None:
    answer = report(client)
    assert answer.status == 200 and len(answer.words) == 8
    (letter,) = letters_of(opened(services, small, "sumsel", "sumsel-1", "sumsel-3"))
    assert letter.fields == REPORT | {
        "golongan": "kerugian_negara,curang,benturan_pengadaan",
        "tingkat_disiplin": "ringan,sedang,berat",
    }
    assert letter.readers == ("sumsel",)
    assert letter.mailbox_name in re.sub(r"<[^>]+>", "", answer.text)


def test_files_are_stored_whole_whatever_their_names(client: FlaskClient, services: Services, small) -> None:
    names = ["../../etc/passwd", "a\u202egpj.exe", "ナ" * 100, "sama.pdf", "sama.pdf"]
    files = [(name, bytes([i]) * (PART_BYTES + i), "application/pdf") for i, name in enumerate(names)]
    assert report(client, files).status == 200
    records = opened(services, small, "sumsel", "sumsel-1", "sumsel-2")
    (letter,) = letters_of(records)
    assert [a.name for a in letter.attachments] == names
    for (_, data, _), attachment in zip(files, letter.attachments, strict=True):
        parts = {r.part: r.data for r in records if r.kind is Kind.ATTACHMENT and r.object_id == attachment.object_id}
        opened_parts = [open_part(attachment.key, attachment.object_id, i, parts[i]) for i in range(attachment.parts)]
        assert b"".join(opened_parts) == data


def test_an_empty_file_is_refused_by_name_and_no_chosen_file_is_none(client: FlaskClient, services: Services) -> None:
    no_file = ("", b"", "application/octet-stream")
    answer = report(client, [("kosong.txt", b"", "text/plain"), PHOTO, no_file])
    assert answer.status == 413 and "“kosong.txt” kosong, tidak ada isinya." in answer.text
    assert "foto.jpg" in answer.text and answer.hidden("berkas") and len(waiting(services)) == 1
    assert report(client, [no_file]).status == 200


def test_the_same_form_again_gives_the_same_code(client: FlaskClient, services: Services, small) -> None:
    seed = get(client, "/lapor").hidden("benih")
    first, second = (post(client, "/lapor", {"benih": seed, **REPORT}, [PHOTO]) for _ in range(2))
    assert first.words == second.words
    one, two = letters_of(opened(services, small, "sumsel", "sumsel-1", "sumsel-2"))
    assert one.mailbox == two.mailbox and one.content == two.content


@pytest.mark.parametrize("change", ["text", "file", "readers", "seed"])
def test_any_change_of_the_form_gives_another_code(client: FlaskClient, change: str) -> None:
    seed = get(client, "/lapor").hidden("benih")
    fields, file = {"benih": seed, **REPORT}, PHOTO
    first = post(client, "/lapor", fields, [file])
    if change == "text":
        fields["uraian"] += " Dua kali."
    elif change == "file":
        file = (PHOTO[0], PHOTO[1] + b"x", PHOTO[2])
    elif change == "readers":
        fields["jangan_dibuka"] = "inspektorat-provinsi"
    else:
        fields["benih"] = get(client, "/lapor").hidden("benih")
    assert post(client, "/lapor", fields, [file]).words != first.words


def test_each_form_has_its_own_secret_and_browsers_are_told_not_to_keep_it(client: FlaskClient) -> None:
    one, two = get(client, "/lapor"), get(client, "/lapor")
    assert one.hidden("benih") != two.hidden("benih")
    assert re.search(r'<form[^>]*autocomplete="off"', one.text)
    assert re.search(r'name="benih"[^>]*autocomplete="off"', one.text)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("wilayah", "", "Pilih salah satu."),
        ("wilayah", "jakarta", "tidak dikenal"),
        ("jenjang_terlapor", "raja", "tidak dikenal"),
        ("kategori", "", "Pilih salah satu."),
        ("uraian", "", "perlu diisi"),
        ("uraian", "pendek", "Terlalu pendek: 6 huruf"),
        ("uraian", "a" * 10_001, "Terlalu panjang: 10001 huruf"),
        ("instansi", "b" * 151, "Terlalu panjang: 151 huruf"),
    ],
)
def test_a_mistake_is_named_beside_its_field_and_everything_typed_is_kept(
    client: FlaskClient, services: Services, field: str, value: str, message: str
) -> None:
    typed = {"waktu": "Maret 2026", "terlapor": 'kepala <bidang> & "rekan"'}
    answer = report(client, **{**typed, field: value})
    assert answer.status == 422
    assert re.search(rf'id="galat-{field}">[^<]*{re.escape(message)}', answer.text)
    assert f'href="#{field}"' in answer.text
    assert "Maret 2026" in answer.text and "kepala &lt;bidang&gt; &amp; &#34;rekan&#34;" in answer.text
    if value and field in ("uraian", "instansi"):
        assert value in answer.text
    assert waiting(services) == []


def test_files_that_arrived_whole_need_not_be_sent_again(client: FlaskClient, services: Services, small) -> None:
    refused = report(client, [PHOTO], uraian="pendek")
    assert refused.status == 422 and "foto.jpg" in refused.text
    fields = {"benih": refused.hidden("benih"), "berkas": refused.hidden("berkas"), **REPORT}
    assert post(client, "/lapor", fields, [("dua.txt", b"dua", "text/plain")]).status == 200
    records = opened(services, small, "sumsel", "sumsel-1", "sumsel-2")
    (letter,) = letters_of(records)
    assert [a.name for a in letter.attachments] == ["foto.jpg", "dua.txt"]
    assert {r.object_id for r in records if r.kind is Kind.ATTACHMENT} == {a.object_id for a in letter.attachments}


def test_a_kept_file_can_be_taken_out_and_one_chosen_twice_counts_once(
    client: FlaskClient, services: Services, small
) -> None:
    wrong = ("salah.jpg", b"selfie", "image/jpeg")
    refused = report(client, [PHOTO, wrong], uraian="pendek")
    fields = {"benih": refused.hidden("benih"), "berkas": refused.hidden("berkas"), "buang": "1", **REPORT}
    assert post(client, "/lapor", fields, [PHOTO]).status == 200
    (letter,) = letters_of(opened(services, small, "sumsel", "sumsel-1", "sumsel-2"))
    assert [a.name for a in letter.attachments] == ["foto.jpg"]


def test_excluding_the_area_inspectorate_does_not_exclude_the_province(client: FlaskClient, services: Services) -> None:
    answer = post(client, "/lapor/siapa", REPORT | {"jangan_dibuka": "inspektorat-daerah"})
    assert "Provinsi Sumatera Selatan" in answer.text.split('id="siapa-membaca"')[1].split("Tidak bisa membuka")[0]


def test_kept_files_are_never_given_to_other_readers(client: FlaskClient, services: Services, small) -> None:
    refused = report(client, [PHOTO], uraian="pendek")
    fields = {"benih": refused.hidden("benih"), "berkas": refused.hidden("berkas"), **REPORT}
    answer = post(client, "/lapor", fields | {"jangan_dibuka": "inspektorat-provinsi"})
    assert answer.status == 422 and 'id="galat-lampiran"' in answer.text
    assert letters_of(opened(services, small, "kpk", "kpk-1")) == []


def test_files_of_a_refused_form_open_for_nobody_not_even_for_its_first_readers(
    client: FlaskClient, services: Services, small
) -> None:
    """A reporter excludes a unit only after the first try: what was sealed to it then must tell it nothing."""
    secret = b"DAFTAR SUAP " * 1000
    routing = {"wilayah": "palembang", "jenjang_terlapor": "pegawai-daerah"}
    report(client, [("daftar.txt", secret, "text/plain")], **routing, uraian="pendek")
    (part,) = opened(services, small, "palembang", "palembang-1")
    assert part.kind is Kind.ATTACHMENT and b"SUAP" not in part.data


def test_a_kept_field_made_elsewhere_is_refused_and_the_text_kept(client: FlaskClient) -> None:
    answer = report(client, berkas="AAAA")
    assert answer.status == 422 and REPORT["uraian"] in answer.text


def test_a_file_over_the_limit_is_refused_by_name_and_the_others_kept(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert incoming.MAX_ATTACHMENT_BYTES == 25_000_000
    monkeypatch.setattr(incoming, "MAX_ATTACHMENT_BYTES", 1_000_000)  # the small arena holds no 25 MB
    big = ("besar.bin", bytes(1_000_001), "application/octet-stream")
    answer = report(client, [PHOTO, big])
    assert answer.status == 413
    assert "besar.bin" in answer.text and REPORT["uraian"] in answer.text
    assert "foto.jpg" in answer.text and answer.hidden("berkas")
    assert len(waiting(services)) == 1


def test_a_sixth_file_is_refused_and_five_are_kept(client: FlaskClient, services: Services) -> None:
    answer = report(client, [(f"{i}.txt", b"x", "text/plain") for i in range(8)])
    for name in ("“5.txt”", "“6.txt”", "“7.txt”"):
        assert f"{name} tidak ikut: paling banyak 5 lampiran." in answer.text
    assert answer.status == 413 and len(waiting(services)) == 5
    kept = {"benih": answer.hidden("benih"), "berkas": answer.hidden("berkas"), **REPORT}
    more = post(client, "/lapor", kept, [("a.txt", b"y", "text/plain"), ("b.txt", b"z", "text/plain")])
    assert more.status == 413 and "“a.txt”, “b.txt” tidak ikut: paling banyak 5 lampiran." in more.text


def test_files_stop_when_half_the_arena_waits_but_a_letter_still_passes(
    client: FlaskClient, services: Services
) -> None:
    _, total = services.arena.counts()
    services.arena.put([services.make_cover() for _ in range(int(total * FILES_UP_TO))])
    before = len(waiting(services))
    answer = report(client, [PHOTO])
    assert answer.status == 503 and REPORT["uraian"] in answer.text
    assert len(waiting(services)) == before
    assert report(client).status == 200


def test_a_full_arena_shows_an_honest_page_with_the_text_kept(client: FlaskClient, services: Services) -> None:
    _, total = services.arena.counts()
    for _ in range(total):
        services.arena.put([], services.make_cover())
    answer = report(client)
    assert answer.status == 503 and "penuh" in answer.text and REPORT["uraian"] in answer.text


@pytest.mark.parametrize(
    "pairs",
    [
        [("wilayah", "sumsel"), ("wilayah", "palembang"), ("jenjang_terlapor", "desa")],
        [("jenjang_terlapor", "desa"), ("jenjang_terlapor", "bupati"), ("wilayah", "sumsel")],
    ],
)
def test_a_routing_field_given_twice_is_refused(client: FlaskClient, services: Services, pairs) -> None:
    answer = post(client, "/lapor", [*pairs, ("kategori", "suap"), ("uraian", LONG)])
    assert answer.status == 400 and waiting(services) == []


def test_a_file_before_the_routing_fields_is_refused(client: FlaskClient, services: Services) -> None:
    body = multipart({}, [PHOTO])[: -len(BOUNDARY) - 6] + multipart(REPORT)
    answer = client.post("/lapor", data=body, content_type=f"multipart/form-data; boundary={BOUNDARY.decode()}")
    assert answer.status_code == 400 and waiting(services) == []


def test_a_routing_field_after_a_file_is_refused_and_no_row_of_it_waits(
    client: FlaskClient, services: Services
) -> None:
    body = multipart(REPORT, [PHOTO])[: -len(BOUNDARY) - 6] + multipart({"jangan_dibuka": "sumsel"})
    answer = client.post("/lapor", data=body, content_type=f"multipart/form-data; boundary={BOUNDARY.decode()}")
    assert answer.status_code == 400 and waiting(services) == []


def test_files_with_unmended_routing_are_dropped_and_asked_for_again(client: FlaskClient, services: Services) -> None:
    answer = report(client, [PHOTO], wilayah="")
    assert answer.status == 422 and 'id="galat-lampiran"' in answer.text and waiting(services) == []


def test_an_upload_that_breaks_off_leaves_nothing(client: FlaskClient, services: Services) -> None:
    seed = get(client, "/lapor").hidden("benih")
    body = multipart({"benih": seed, **REPORT}, [PHOTO])[:-400]
    answer = client.post("/lapor", data=body, content_type=f"multipart/form-data; boundary={BOUNDARY.decode()}")
    assert answer.status_code == 400 and waiting(services) == []


@pytest.mark.parametrize("dashes", [0, 1, 2])
def test_a_file_gets_no_byte_more_wherever_a_read_ends(client: FlaskClient, services: Services, small, dashes) -> None:
    seed = get(client, "/lapor").hidden("benih")
    fields, kind = {"benih": seed, **REPORT}, "application/pdf"
    closing = len(b"--\r\n") - dashes
    size = intake.READ_BYTES - (len(multipart(fields, [("a.pdf", b"", kind)])) - closing)
    data = b"x" * size
    assert multipart(fields, [("a.pdf", data, kind)])[: intake.READ_BYTES].endswith(BOUNDARY + b"-" * dashes)
    assert post(client, "/lapor", fields, [("a.pdf", data, kind)]).status == 200
    (letter,) = letters_of(opened(services, small, "sumsel", "sumsel-1", "sumsel-2"))
    (attachment,) = letter.attachments
    assert (attachment.size, attachment.sha256) == (size, hashlib.sha256(data).digest())


def test_a_text_gets_no_letter_more_wherever_a_read_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    body = multipart([("uraian", "a\r\n--b"), ("uraian", "")]).replace(BOUNDARY + b"\r\n", BOUNDARY + b"  \r\n")
    for size in range(1, len(body) + 1):
        monkeypatch.setattr(intake, "READ_BYTES", size)
        assert intake.read_form(io.BytesIO(body), BOUNDARY, lambda _: None).typed == {"uraian": ["a\r\n--b", ""]}


def test_of_a_text_that_is_too_long_what_fits_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a" * (intake.MAX_TEXT_BYTES + 1)
    body = multipart([("waktu", "kemarin"), ("uraian", text), ("tempat", "b")])
    for size in (intake.READ_BYTES, 1_000, 999):
        monkeypatch.setattr(intake, "READ_BYTES", size)
        received = intake.read_form(io.BytesIO(body), BOUNDARY, lambda _: None)
        kept = text[: intake.MAX_TEXT_BYTES - len("kemarin")]
        assert received.typed == {"waktu": ["kemarin"], "uraian": [kept], "tempat": [""]}
        assert [problem.key for problem in received.problems] == [""]


def test_a_form_sent_by_another_site_is_refused(client: FlaskClient, services: Services) -> None:
    seed = get(client, "/lapor").hidden("benih")
    answer = post(client, "/lapor", {"benih": seed, **REPORT}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 400 and waiting(services) == []


def test_a_form_without_its_secret_comes_back_with_a_new_one(client: FlaskClient, services: Services) -> None:
    answer = post(client, "/lapor", REPORT)
    assert answer.status == 422 and answer.hidden("benih") and waiting(services) == []
    assert post(client, "/lapor", {"benih": answer.hidden("benih"), **REPORT}).status == 200


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data", "text/plain"])
def test_anything_but_a_browser_form_is_malformed(client: FlaskClient, kind: str) -> None:
    assert client.post("/lapor", data=b"{}", content_type=kind).status_code == 400


@pytest.mark.parametrize(
    ("wilayah", "jenjang", "excluded", "readers"),
    [
        ("palembang", "pegawai-daerah", [], ["palembang"]),
        ("palembang", "pegawai-daerah", ["inspektorat-daerah"], ["sumsel"]),
        ("palembang", "pegawai-daerah", ["palembang"], ["sumsel"]),
        ("palembang", "sekolah", [], ["palembang", "sumsel"]),
        ("palembang", "bupati", [], ["sumsel"]),
        ("sumsel", "gubernur", [], ["kpk"]),
        ("sumsel", "pegawai-provinsi", ["inspektorat-provinsi"], ["kpk"]),
        ("tidak-tahu", "tidak-tahu", [], ["sumsel"]),
    ],
)
def test_who_reads_follows_the_roster_and_nobody_else_can_open(
    client: FlaskClient, services: Services, small, wilayah: str, jenjang: str, excluded: list[str], readers: list[str]
) -> None:
    routing = {"wilayah": wilayah, "jenjang_terlapor": jenjang, "jangan_dibuka": excluded}
    before = post(client, "/lapor/siapa", routing)
    after = report(client, **routing)
    assert before.status == after.status == 200
    can = [s for s in WITH_STATION if opened(services, small, s, f"{s}-1", f"{s}-2")]
    assert sorted(can) == sorted(readers)
    for answer in (before, after):
        box = re.search(r'id="siapa-membaca".*?</div>', answer.text, re.S)
        assert box
        names = {"sumsel": "Provinsi Sumatera Selatan", "palembang": "Kota Palembang", "kpk": "(KPK)"}
        shown = box[0].split("Tidak bisa membuka")[0]
        assert all((names[s] in shown) == (s in readers) for s in WITH_STATION)


@pytest.mark.parametrize("path", ["/lapor/siapa", "/lapor/ubah"])
def test_asking_who_reads_stores_nothing_and_says_that_files_are_to_be_chosen_again(
    client: FlaskClient, services: Services, path: str
) -> None:
    """Who asks may be about to exclude the unit that a file would be sealed to."""
    answer = post(client, path, REPORT, [PHOTO])
    assert answer.status == 200 and REPORT["uraian"] in answer.text and waiting(services) == []
    assert "Pilih lampiran Anda sekali lagi." in answer.text
    assert "Pilih lampiran Anda sekali lagi." not in post(client, path, REPORT).text
    nobody = REPORT | {"jangan_dibuka": ["inspektorat-daerah", "inspektorat-provinsi"], "wilayah": "palembang"}
    assert (
        "Pilih lampiran Anda sekali lagi."
        not in post(client, path, nobody | {"jenjang_terlapor": "pegawai-daerah"}).text
    )


@pytest.mark.parametrize("path", ["/lapor/siapa", "/lapor/ubah"])
def test_files_at_hand_stay_when_the_readers_are_asked_for(client: FlaskClient, services: Services, path: str) -> None:
    refused = report(client, [PHOTO], kategori="")
    typed = REPORT | {"benih": refused.hidden("benih"), "berkas": refused.hidden("berkas")}
    again = post(client, path, typed)
    assert again.status == 200 and PHOTO[0] in again.text
    assert post(client, "/lapor", typed | {"berkas": again.hidden("berkas")}).status == 200


def test_a_file_that_finds_no_room_in_a_refused_form_is_never_left_out_in_silence(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arena, "LARGEST_REPORT", 0)
    monkeypatch.setattr(arena, "FILES_A_DAY", 0)
    refused = report(client, [PHOTO], kategori="")
    assert refused.status == 422 and "Lampiran tidak dapat diterima lagi sekarang." in refused.text
    assert 'name="berkas"' not in refused.text


def test_when_all_places_for_uploads_are_taken_files_are_asked_for_again(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_received: object) -> bool:
        raise Busy("all places are taken")

    monkeypatch.setattr(pages, "upload_place", busy)
    answer = report(client, [PHOTO])
    assert answer.status == 503 and "Pilih lampiran Anda sekali lagi." in answer.text


def test_a_kept_file_chosen_once_more_changes_neither_order_nor_code(client: FlaskClient, services: Services) -> None:
    other = ("b.bin", b"b" * 9_000, "application/octet-stream")
    refused = report(client, [PHOTO, other], kategori="")
    typed = REPORT | {"benih": refused.hidden("benih"), "berkas": refused.hidden("berkas")}
    assert post(client, "/lapor", typed).words == post(client, "/lapor", typed, [PHOTO]).words


def test_an_album_of_a_hundred_photos_is_refused_with_the_text_kept(client: FlaskClient) -> None:
    answer = report(client, [(f"{i}.jpg", b"x", "image/jpeg") for i in range(100)])
    assert answer.status == 413 and REPORT["uraian"] in answer.text and "“99.jpg” tidak ikut" in answer.text


def test_where_nobody_may_read_other_channels_are_shown_and_nothing_is_stored(
    client: FlaskClient, services: Services
) -> None:
    routing = {"wilayah": "palembang", "jenjang_terlapor": "pegawai-daerah"}
    answer = report(client, **routing, jangan_dibuka=["inspektorat-daerah", "inspektorat-provinsi"])
    assert answer.status == 503 and "KPK 198" in answer.text and waiting(services) == []


def test_one_reviewer_alone_opens_nothing(client: FlaskClient, services: Services, small) -> None:
    report(client)
    for who in ("sumsel-1", "sumsel-2", "sumsel-3"):
        assert opened(services, small, "sumsel", who) == []


def test_english_pages_send_to_english_answers(client: FlaskClient) -> None:
    seed = get(client, "/en/lapor").hidden("benih")
    assert '<html lang="en">' in post(client, "/en/lapor", {"benih": seed, **REPORT}).text


def test_the_receipt_code_opens_its_mailbox(client: FlaskClient) -> None:
    answer = report(client)
    page = open_box(client, answer.words)
    assert page.status == 200 and 'data-status="none"' in page.text


def test_the_fallback_group_cannot_be_excluded(client: FlaskClient, services: Services) -> None:
    answer = report(client, jangan_dibuka=services.directory.roster.fallback)
    assert answer.status == 422 and 'id="galat-jangan_dibuka"' in answer.text


def test_a_file_name_is_never_markup(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "MAX_ATTACHMENT_BYTES", 1_000)
    name = "<meta http-equiv=refresh content=0>.pdf"
    refused = report(client, [(name, bytes(2_000), "application/pdf")])
    kept = report(client, [(name, b"x", "application/pdf")], uraian="pendek")
    for answer in (refused, kept, report(client, [(name, b"x", "application/pdf")])):
        assert "<meta http-equiv" not in answer.text and "&lt;meta http-equiv" in answer.text


def test_the_code_of_a_form_cannot_be_shown_again_after_some_hours(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {"benih": get(client, "/lapor").hidden("benih"), **REPORT}
    assert post(client, "/lapor", fields).status == 200
    later = time.time() + PERIOD_SECONDS + 60
    monkeypatch.setattr("dropbox.sessions.time.time", lambda: later)
    answer = post(client, "/lapor", fields)
    assert answer.status == 422 and REPORT["uraian"] in answer.text and "kode-tanda-terima" not in answer.text


def test_an_older_roster_put_back_is_refused(deployment, services: Services) -> None:
    with services.store.writing() as connection:
        connection.execute(chains.update().where(chains.c.direction == "ros").values(seq=2))
    with pytest.raises(RolledBack):
        Services.open(services.settings)
