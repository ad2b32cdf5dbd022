/* address.h: whether credentials may go to a base_url, read without libcurl: by https to
 * whomever, by http to this machine; and there is nothing in it but host, port and path.
 */
#pragma once

/* Of at most 511 bytes; it was accepted. */
void address_check(const char *url);
