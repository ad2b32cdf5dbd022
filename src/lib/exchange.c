/* One request on its way, and what comes back: see exchange.h. */
#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEPT_CAPACITY = 256 * 1024 }; /* a buffer larger than that is not kept */

void reply_reset(struct reply *reply)
{
    buffer_empty(&reply->body);
    reply->fault = KIND_NONE;
    reply->sent = reply->final = false;
    reply->reason[0] = '\0';
    reply->status = 0;
    reply->retry_after = -1;
}

void exchange_fail(struct exchange *x, enum kind kind, bool sent, const char *reason)
{
    x->reply.fault = kind;
    x->reply.sent = sent;
    fault_copy_text(x->reply.reason, sizeof x->reply.reason, reason, strlen(reason));
    x->landed = true;
}

void buffer_empty(struct buffer *b)
{
    b->size = 0;
    if (b->capacity <= KEPT_CAPACITY) return;
    free(b->data);
    *b = (struct buffer){0};
}

char *buffer_room(struct buffer *b, size_t count)
{
    if (b->size + count > b->capacity) {
        size_t capacity = b->size + count + b->capacity / 2 + 512;
        char *data = realloc(b->data, capacity);
        if (!data) return NULL;
        b->data = data;
        b->capacity = capacity;
    }
    return b->data + b->size;
}

bool buffer_append(struct buffer *b, const void *bytes, size_t count)
{
    if (count == 0) return true;
    char *room = buffer_room(b, count);
    if (!room) return false;
    memcpy(room, bytes, count);
    b->size += count;
    return true;
}

/* The HTTP date that every server has to send (RFC 9110, 5.6.7); not locale-bound. */
static double parse_date(const char *text)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char name[4];
    struct tm t = {0};
    if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT", &t.tm_mday, name,
               &t.tm_year, &t.tm_hour, &t.tm_min, &t.tm_sec) != 6)
        return -1;
    const char *month = strstr(months, name);
    if (!month || strlen(name) != 3 || (month - months) % 3 != 0) return -1;
    t.tm_mon = (int)(month - months) / 3;
    t.tm_year -= 1900;
    return (double)timegm(&t);
}

double parse_retry_after(const char *value, size_t len, double now)
{
    char text[64], *end;
    while (len > 0 && (*value == ' ' || *value == '\t')) value++, len--;
    if (len == 0 || len >= sizeof text) return -1;
    memcpy(text, value, len);
    text[len] = '\0';
    if (text[0] >= '0' && text[0] <= '9') {
        double seconds = strtod(text, &end);
        return end[strspn(end, " \t\r\n")] == '\0' ? seconds : -1;
    }
    double date = parse_date(text);
    if (date < 0) return -1;
    return date > now ? date - now : 0;
}
