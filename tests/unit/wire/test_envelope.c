#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "envelope.pb-c.h"
#include "wire/envelope.h"

#define RequestHeader Techtransfer__V1__RequestHeader
#define ReplyHeader Techtransfer__V1__ReplyHeader
#define FieldViolation Techtransfer__V1__FieldViolation
#define EventHeader Techtransfer__V1__EventHeader
#define ROUNDS 5000

/* Texts of random length, sometimes empty, ASCII and Chinese. */
static char *
random_text (size_t max)
{
    static const char *const pieces[] = { "a", "Z9", "patent", "/", "硅", "é", "-", "😀" };
    char *text = tt_alloc_zero (1, max + 1);
    size_t wanted = random () % 4 ? (size_t) random () % (max + 1) : 0;
    while (true) {
        const char *piece = pieces[random () % 8];
        if (strlen (text) + strlen (piece) > wanted)
            return text;
        strcat (text, piece);
    }
}

static uint64_t
random_number (void)
{
    uint64_t wide = (uint64_t) random () << 33 ^ (uint64_t) random () << 11 ^ (uint64_t) random ();
    return random () % 4 ? wide >> random () % 64 : 0;
}

static tt_bytes
view (const char *text)
{
    return tt_bytes_of_text (text);
}

static tt_bytes
packed (const ProtobufCMessage *message)
{
    size_t n = protobuf_c_message_get_packed_size (message);
    uint8_t *bytes = tt_alloc (n);
    protobuf_c_message_pack (message, bytes);
    return (tt_bytes){ bytes, n };
}

static void
expect_same (tt_bytes expected, const tt_buffer *got)
{
    cr_assert (tt_bytes_equal (expected, (tt_bytes){ got->data, got->size }), "the encodings differ");
}

Test (envelope, request_headers_are_what_the_generated_code_packs)
{
    srandom (1);
    for (int i = 0; i < ROUNDS; i++) {
        uint8_t id[16];
        RequestHeader m = TECHTRANSFER__V1__REQUEST_HEADER__INIT;
        for (int k = 0; k < 16; k++)
            id[k] = (uint8_t) random ();
        m.request_id = (ProtobufCBinaryData){ 16, id };
        m.method = random_text (TT_METHOD_MAX);
        m.deadline_unix_ms = (int64_t) (random_number () >> 1);
        m.traceparent = random_text (TT_TRACEPARENT_MAX);
        tt_request_header h = { { id, 16 }, view (m.method), m.deadline_unix_ms, view (m.traceparent) }, back;
        tt_buffer out = { 0 };
        tt_bytes expected = packed (&m.base);
        tt_request_header_encode (&h, &out);
        expect_same (expected, &out);
        tt_status status = tt_request_header_decode (expected, &back, NULL);
        cr_assert_eq (status, m.method[0] ? TT_OK : TT_INVALID_ARGUMENT);
        cr_assert (tt_bytes_equal (back.request_id, h.request_id) && tt_bytes_equal (back.method, h.method));
        cr_assert (tt_bytes_equal (back.traceparent, h.traceparent) && back.deadline_unix_ms == h.deadline_unix_ms);
        free ((void *) expected.data);
        tt_buffer_free (&out);
        free (m.method);
        free (m.traceparent);
    }
}

Test (envelope, reply_headers_are_what_the_generated_code_packs)
{
    srandom (2);
    for (int i = 0; i < ROUNDS; i++) {
        uint8_t id[16] = { (uint8_t) i, 1, 2 };
        ReplyHeader m = TECHTRANSFER__V1__REPLY_HEADER__INIT;
        FieldViolation items[5], *pointers[5];
        tt_field_violation views[5], room[3];
        size_t left_off;
        m.request_id = (ProtobufCBinaryData){ random () % 2 ? 16 : 0, id };
        m.code = (Techtransfer__V1__Code) (random () % 17);
        m.message = random_text (200);
        m.n_violations = (size_t) random () % 6;
        m.violations = pointers;
        m.retry_after_ms = (uint32_t) random_number ();
        m.replayed = random () % 2;
        for (size_t k = 0; k < m.n_violations; k++) {
            techtransfer__v1__field_violation__init (&items[k]);
            items[k].path = random_text (40);
            items[k].reason = random_text (100);
            pointers[k] = &items[k];
            views[k] = (tt_field_violation){ view (items[k].path), view (items[k].reason) };
        }
        tt_reply_header h = { { id, m.request_id.len }, (tt_status) m.code, view (m.message), views, m.n_violations, m.retry_after_ms,
                              m.replayed },
                        back;
        tt_buffer out = { 0 };
        tt_bytes expected = packed (&m.base);
        tt_reply_header_encode (&h, &out);
        expect_same (expected, &out);
        cr_assert_eq (tt_reply_header_decode (expected, &back, room, 3, &left_off, NULL), TT_OK);
        cr_assert_eq (back.violation_count + left_off, m.n_violations);
        cr_assert_eq (back.violation_count, m.n_violations < 3 ? m.n_violations : 3);
        for (size_t k = 0; k < back.violation_count; k++)
            cr_assert (tt_bytes_equal (room[k].path, views[k].path) && tt_bytes_equal (room[k].reason, views[k].reason));
        cr_assert (back.code == h.code && back.retry_after_ms == h.retry_after_ms && back.replayed == h.replayed);
        cr_assert (tt_bytes_equal (back.message, h.message) && tt_bytes_equal (back.request_id, h.request_id));
        for (size_t k = 0; k < m.n_violations; k++) {
            free (items[k].path);
            free (items[k].reason);
        }
        free ((void *) expected.data);
        tt_buffer_free (&out);
        free (m.message);
    }
}

/* The ten texts of an event header, in the order of both structs. */
#define TEXTS 11
static const size_t limits[TEXTS] = { TT_EVENT_ID_MAX, 128, 128, 128, 40, 128, 128, TT_TRACEPARENT_MAX, 32, TT_EVENT_ID_MAX, TT_EVENT_ID_MAX };

static void
texts_of (EventHeader *m, char **texts[TEXTS])
{
    char **all[TEXTS] = { &m->id,           &m->source,      &m->type,   &m->subject,     &m->time, &m->dataschema,
                          &m->partitionkey, &m->traceparent, &m->stream, &m->previous_id, &m->epoch };
    memcpy (texts, all, sizeof all);
}

static tt_event_header
views_of (const EventHeader *m)
{
    return (tt_event_header){ view (m->id),       view (m->source),       view (m->type),        view (m->subject), view (m->time),
                              view (m->dataschema), view (m->partitionkey), view (m->traceparent), view (m->stream),  m->partition,
                              m->sequence,        view (m->previous_id),  view (m->epoch) };
}

static void
expect_equal_headers (const tt_event_header *a, const tt_event_header *b)
{
    const tt_bytes x[] = { a->id, a->source, a->type, a->subject, a->time, a->dataschema, a->partitionkey, a->traceparent, a->stream,
                           a->previous_id, a->epoch };
    const tt_bytes y[] = { b->id, b->source, b->type, b->subject, b->time, b->dataschema, b->partitionkey, b->traceparent, b->stream,
                           b->previous_id, b->epoch };
    for (size_t i = 0; i < TEXTS; i++)
        cr_assert (tt_bytes_equal (x[i], y[i]), "text %zu", i);
    cr_assert (a->partition == b->partition && a->sequence == b->sequence);
}

Test (envelope, event_headers_are_what_the_generated_code_packs)
{
    srandom (3);
    for (int i = 0; i < ROUNDS; i++) {
        EventHeader m = TECHTRANSFER__V1__EVENT_HEADER__INIT;
        char **texts[TEXTS];
        texts_of (&m, texts);
        for (size_t k = 0; k < TEXTS; k++)
            *texts[k] = random_text (limits[k]);
        m.partition = (uint32_t) random_number ();
        m.sequence = random_number ();
        tt_event_header h = views_of (&m), back;
        tt_buffer out = { 0 };
        tt_bytes expected = packed (&m.base);
        tt_event_header_encode (&h, &out);
        expect_same (expected, &out);
        cr_assert_eq (tt_event_header_decode (expected, &back, NULL), TT_OK);
        expect_equal_headers (&back, &h);
        free ((void *) expected.data);
        tt_buffer_free (&out);
        for (size_t k = 0; k < TEXTS; k++)
            free (*texts[k]);
    }
}

Test (envelope, a_patched_header_reads_the_same_here_and_in_the_generated_code)
{
    tt_event_header old = { .id = view ("e-1"), .type = view ("t.T"), .stream = view ("old"), .partition = 9, .sequence = 8,
                            .previous_id = view ("p"), .epoch = view ("x") };
    tt_event_header position = { .stream = view ("patent"), .partition = 0, .sequence = 300, .epoch = view ("ep") }, back;
    tt_buffer out = { 0 };
    tt_event_header_encode (&old, &out);
    tt_event_header_patch (&position, &out);
    cr_assert_eq (tt_event_header_decode ((tt_bytes){ out.data, out.size }, &back, NULL), TT_OK);
    tt_event_header expected = position;
    expected.id = old.id;
    expected.type = old.type;
    expect_equal_headers (&back, &expected);
    EventHeader *m = techtransfer__v1__event_header__unpack (NULL, out.size, out.data);
    cr_assert_not_null (m);
    tt_event_header generated = views_of (m);
    expect_equal_headers (&generated, &expected);
    techtransfer__v1__event_header__free_unpacked (m, NULL);
    tt_buffer_free (&out);
}

static tt_buffer
a_request (void)
{
    tt_buffer out = { 0 };
    tt_request_header h = { { (const uint8_t *) "0123456789abcdef", 16 }, view ("p.S/M"), 5, TT_BYTES_NONE };
    tt_request_header_encode (&h, &out);
    return out;
}

static void
expect_refused (const void *bytes, size_t size, const char *part)
{
    tt_request_header h;
    tt_error error = { 0 };
    cr_expect_eq (tt_request_header_decode ((tt_bytes){ bytes, size }, &h, &error), TT_INVALID_ARGUMENT);
    cr_expect (strstr (error.message, part), "\"%s\" lacks \"%s\"", error.message, part);
}

Test (envelope, unknown_fields_of_each_wire_type_are_skipped)
{
    tt_buffer out = a_request ();
    tt_buffer_append (&out, "\xF8\x07\x96\x01", 4);                     /* 127, varint */
    tt_buffer_append (&out, "\xF9\x07" "12345678", 10);                  /* 127, 64 bit */
    tt_buffer_append (&out, "\xFA\x07\x03" "abc", 6);                    /* 127, bytes */
    tt_buffer_append (&out, "\xFD\x07" "1234", 6);                       /* 127, 32 bit */
    tt_request_header h;
    cr_expect_eq (tt_request_header_decode ((tt_bytes){ out.data, out.size }, &h, NULL), TT_OK);
    cr_expect (tt_bytes_equal (h.method, view ("p.S/M")));
    tt_buffer_free (&out);
}

Test (envelope, broken_requests_are_refused_with_the_place)
{
    expect_refused ("", 0, "request_id");
    expect_refused ("\x0A\x03" "abc", 5, "3 bytes");
    expect_refused ("\x12\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 12, "malformed");
    expect_refused ("\x12\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 11, "malformed"); /* length 2^64-1 */
    expect_refused ("\x03", 1, "malformed");
    expect_refused ("\x0B", 1, "malformed"); /* a group */
    expect_refused ("\x00\x00", 2, "malformed"); /* field 0 */
    expect_refused ("\x10\x01", 2, "wire type");
    expect_refused ("\x12\x01\xFF", 3, "UTF-8");
    expect_refused ("\x12\x01\x00", 3, "UTF-8");
}

Test (envelope, every_cut_of_a_request_is_refused_or_lacks_something)
{
    tt_buffer out = a_request ();
    for (size_t n = 0; n < out.size; n++) {
        uint8_t *cut = tt_alloc (n); /* a heap block of the exact size: the sanitizer sees a read past it */
        memcpy (cut, out.data, n);
        tt_request_header h;
        tt_status status = tt_request_header_decode ((tt_bytes){ cut, n }, &h, NULL);
        bool whole_fields = n == out.size - 2; /* the optional deadline is gone, cleanly */
        cr_expect_eq (status, whole_fields ? TT_OK : TT_INVALID_ARGUMENT, "%zu", n);
        free (cut);
    }
    tt_buffer_free (&out);
}

Test (envelope, a_refused_request_still_names_its_id)
{
    tt_request_header h;
    tt_buffer out = { 0 };
    tt_buffer_append (&out, "\x0A\x10" "0123456789abcdef" "\x12\x05" "ab", 22);
    cr_expect_eq (tt_request_header_decode ((tt_bytes){ out.data, out.size }, &h, NULL), TT_INVALID_ARGUMENT);
    cr_expect (tt_bytes_equal (h.request_id, view ("0123456789abcdef")));
    tt_buffer_free (&out);
}

Test (envelope, random_bytes_never_break_a_decoder)
{
    srandom (4);
    for (int i = 0; i < 200000; i++) {
        uint8_t bytes[40];
        size_t n = (size_t) random () % sizeof bytes;
        for (size_t k = 0; k < n; k++)
            bytes[k] = random () % 3 ? (uint8_t) (random () % 32) : (uint8_t) random ();
        tt_bytes frame = { bytes, n };
        tt_request_header request;
        tt_reply_header reply;
        tt_event_header event;
        tt_field_violation room[4];
        tt_status a = tt_request_header_decode (frame, &request, NULL);
        tt_status b = tt_reply_header_decode (frame, &reply, room, 4, NULL, NULL);
        tt_status c = tt_event_header_decode (frame, &event, NULL);
        cr_assert (a == TT_OK || a == TT_INVALID_ARGUMENT);
        cr_assert (b == TT_OK || b == TT_INVALID_ARGUMENT);
        cr_assert (c == TT_OK || c == TT_INVALID_ARGUMENT);
    }
}

Test (envelope, an_event_needs_topic_id_type_stream_and_sequence)
{
    tt_event_header h = { .id = view ("e"), .type = view ("t"), .stream = view ("patent"), .sequence = 1 };
    tt_wire_event event;
    tt_error error = { 0 };
    tt_buffer out = { 0 };
    tt_event_header_encode (&h, &out);
    tt_bytes frame = { out.data, out.size };
    cr_expect_eq (tt_wire_event_decode (view ("a/b/"), frame, view ("body"), &event, &error), TT_OK);
    cr_expect (tt_bytes_equal (event.body, view ("body")) && event.header.sequence == 1);
    cr_expect_eq (tt_wire_event_decode (view ("a/b"), frame, TT_BYTES_NONE, &event, &error), TT_INVALID_ARGUMENT);
    tt_buffer_clear (&out);
    h.sequence = 0;
    tt_event_header_encode (&h, &out);
    cr_expect_eq (tt_wire_event_decode (view ("a/b/"), (tt_bytes){ out.data, out.size }, TT_BYTES_NONE, &event, &error), TT_INVALID_ARGUMENT);
    cr_expect_str_eq (error.message, "EventHeader.sequence: required");
    tt_buffer_clear (&out);
    h.sequence = UINT64_MAX;
    tt_event_header_encode (&h, &out);
    cr_expect_eq (tt_wire_event_decode (view ("a/b/"), (tt_bytes){ out.data, out.size }, TT_BYTES_NONE, &event, &error), TT_INVALID_ARGUMENT);
    tt_buffer_free (&out);
}

Test (envelope, appended_replay_events_unpack)
{
    tt_buffer out = { 0 };
    tt_replay_event_append (&out, view ("a/"), view ("header"), view ("body"));
    tt_replay_event_append (&out, view ("b/"), view ("h"), TT_BYTES_NONE);
    Techtransfer__V1__ReplayReply *reply = techtransfer__v1__replay_reply__unpack (NULL, out.size, out.data);
    cr_assert_not_null (reply);
    cr_assert_eq (reply->n_events, 2);
    cr_expect_str_eq (reply->events[1]->topic, "b/");
    cr_expect_eq (reply->events[0]->body.len, 4);
    cr_expect_eq (reply->events[1]->body.len, 0);
    tt_buffer again = { 0 };
    uint8_t *room = tt_buffer_reserve (&again, techtransfer__v1__replay_reply__get_packed_size (reply));
    again.size = techtransfer__v1__replay_reply__pack (reply, room);
    cr_expect (tt_bytes_equal ((tt_bytes){ again.data, again.size }, (tt_bytes){ out.data, out.size }));
    techtransfer__v1__replay_reply__free_unpacked (reply, NULL);
    tt_buffer_free (&again);
    tt_buffer_free (&out);
}

/* Text is looked at eight bytes at a time: the odd byte at every place of every length must be seen. */
Test (envelope, a_wrong_byte_is_seen_wherever_it_stands)
{
    static const uint8_t odd[] = { 0x00, 0x80, 0xFF };
    for (size_t size = 1; size <= 40; size++)
        for (size_t at = 0; at < size; at++)
            for (size_t k = 0; k < 3; k++) {
                uint8_t frame[64] = { 0x12, (uint8_t) size };
                tt_event_header h;
                memset (frame + 2, k ? 'm' : 0x7F, size);
                cr_assert_eq (tt_event_header_decode ((tt_bytes){ frame, size + 2 }, &h, NULL), TT_OK);
                frame[2 + at] = odd[k];
                cr_assert_eq (tt_event_header_decode ((tt_bytes){ frame, size + 2 }, &h, NULL), TT_INVALID_ARGUMENT);
            }
}
