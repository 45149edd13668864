/* Blocks of events as a Redis gives them out, which may be any Redis: what is taken apart, what is refused. */
#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "store/block.h"
#include "store/entries.h"

#define EPOCH "0190b3a4-0000-7000-8000-000000000000"

TestSuite (entries, .timeout = 60);

/* -- the codec -- */

Test (entries, parts_come_back_as_they_went_in)
{
    static const size_t sizes[] = { 0, 1, 127, 128, 300, 16383, 16384, 70000 };
    static uint8_t out[120000];
    uint8_t *p = out;
    tt_bytes part;
    for (size_t i = 0; i < 8; i++) {
        p = tt_block_length (p, sizes[i]);
        memset (p, 0x80 + (int)i, sizes[i]);
        p += sizes[i];
    }
    tt_bytes rest = { out, (size_t)(p - out) };
    for (size_t i = 0; i < 8; i++) {
        cr_assert (tt_block_take (&rest, &part));
        cr_assert_eq (part.size, sizes[i]);
        cr_assert (part.size == 0 || (part.data[0] == 0x80 + i && part.data[part.size - 1] == 0x80 + i));
    }
    cr_assert_eq (rest.size, 0);
    cr_assert_not (tt_block_take (&rest, &part));
}

Test (entries, lengths_that_are_none_are_refused)
{
    static const char *const wrong[] = { "\x01", "\x80",
                                         "\x05"
                                         "abcd",
                                         "\xff\xff\xff\xff\xff\x01",
                                         "\xff\xff\xff\xff\x0f"
                                         "abc" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        tt_bytes rest = tt_bytes_of_text (wrong[i]), part;
        cr_assert_not (tt_block_take (&rest, &part), "%zu", i);
    }
}

/* -- replies -- */

/* One stream of an XRANGE reply, block by block, as RESP. */
static void
add_block (tt_buffer *out, const char *id, const char *number, const void *events, size_t size)
{
    tt_buffer_text (out, "*2\r\n");
    tt_resp_text (out, id);
    tt_resp_begin (out, 6);
    tt_resp_text (out, "n");
    tt_resp_text (out, number);
    tt_resp_text (out, "e");
    tt_resp_text (out, EPOCH);
    tt_resp_text (out, "b");
    tt_resp_argument (out, events, size);
}

static redisReply *
parse (const tt_buffer *resp)
{
    redisReader *reader = redisReaderCreate ();
    void *reply = NULL;
    redisReaderFeed (reader, (const char *)resp->data, resp->size);
    cr_assert_eq (redisReaderGetReply (reader, &reply), REDIS_OK);
    cr_assert_not_null (reply);
    redisReaderFree (reader);
    return reply;
}

#define THREE                                                                                                                    \
    "\x02t/\x01h\x02"                                                                                                            \
    "b1"                                                                                                                         \
    "\x02t/\x00\x00"                                                                                                             \
    "\x02u/\x01h\x02"                                                                                                            \
    "b3"

Test (entries, blocks_are_taken_apart)
{
    tt_buffer resp = { 0 };
    tt_resp_begin (&resp, 2);
    add_block (&resp, "3-0", "3", THREE, sizeof THREE - 1);
    add_block (&resp, "4-0", "1", "\x01x\x01y\x01z", 6);
    redisReply *reply = parse (&resp);
    tt_entries entries = { .parts = TT_BLOCK_PARTS };
    tt_error error = { 0 };
    cr_assert_eq (tt_entries_take (&entries, 7, reply, 2, &error), TT_OK, "%s", error.message);
    cr_assert_eq (entries.count, 3);
    cr_assert_eq (entries.list[0].sequence, 2);
    cr_assert_eq (entries.list[0].header.size, 0);
    cr_assert (tt_bytes_equal (entries.list[1].body, tt_bytes_of_text ("b3")));
    cr_assert (tt_bytes_equal (entries.list[1].epoch, tt_bytes_of_text (EPOCH)));
    cr_assert_eq (entries.list[2].sequence, 4);
    cr_assert_eq (entries.list[2].partition, 7);
    tt_entries log = { .parts = 1 };
    cr_assert_eq (tt_entries_take (&log, 7, reply, 1, &error), TT_INTERNAL, "nine records are not three");
    cr_assert_eq (log.count, 0);
    freeReplyObject (reply);
    tt_buffer_free (&resp);
    free (entries.list);
    free (log.list);
}

static uint32_t seed = 1;
static uint32_t
next_random (void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    return seed ^= seed << 5;
}

static bool
lies_in (tt_bytes part, const char *block, size_t size)
{
    const uint8_t *begin = (const uint8_t *)block;
    return part.size == 0 || (part.data >= begin && part.data + part.size <= begin + size);
}

/* A value of the reply with some bytes changed, or cut short. */
static void
spoil (redisReply *value)
{
    for (uint32_t i = next_random () % 3; i > 0 && value->len > 0; i--)
        value->str[next_random () % (uint32_t)value->len] = (char)next_random ();
    if (next_random () % 4 == 0 && value->len > 0)
        value->len = (int)(next_random () % (uint32_t)value->len);
    value->str[value->len] = '\0'; /* as hiredis always has it */
}

/* Whatever a block holds: it is refused, or all of its parts lie inside it and nothing is left over. */
Test (entries, any_bytes_are_refused_or_whole)
{
    size_t taken = 0, refused = 0;
    for (int round = 0; round < 60000; round++) {
        tt_buffer resp = { 0 };
        tt_resp_begin (&resp, 1);
        add_block (&resp, "3-0", "3", THREE, sizeof THREE - 1);
        redisReply *reply = parse (&resp), *item = reply->element[0], *fields = item->element[1];
        spoil (fields->element[next_random () % 6]);
        if (next_random () % 4 == 0)
            spoil (item->element[0]);
        tt_entries entries = { .parts = next_random () % 4 ? TT_BLOCK_PARTS : 1 };
        tt_error error = { 0 };
        tt_status status = tt_entries_take (&entries, 0, reply, next_random () % 5, &error);
        cr_assert (status == TT_OK || (status == TT_INTERNAL && entries.count == 0));
        *(status == TT_OK ? &taken : &refused) += 1;
        size_t size = (size_t)fields->element[5]->len;
        for (size_t i = 0; i < entries.count; i++) {
            const tt_entry *entry = &entries.list[i];
            cr_assert (lies_in (entry->topic, fields->element[5]->str, size)
                       && lies_in (entry->header, fields->element[5]->str, size)
                       && lies_in (entry->body, fields->element[5]->str, size));
        }
        freeReplyObject (reply);
        tt_buffer_free (&resp);
        free (entries.list);
    }
    cr_assert_gt (taken, 1000);
    cr_assert_gt (refused, 1000);
}
