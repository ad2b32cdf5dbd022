/* answer.h: body → envelope, through lua-cjson, as a verdict for the batch. */
#ifndef GEELARK_ANSWER_H
#define GEELARK_ANSWER_H

#include <lua.h>

#include "exchange.h"
#include "sign.h"
#include "verdict.h"

/* Pushes the decoder that answer_read wants: a private instance of lua-cjson, or Neovim's
 * own vim.json. Raises where there is neither. */
void answer_push_decoder(lua_State *L);

/* Reads a reply. Leaves two values on the stack that the verdict points into; it is good as
 * long as they stay there and the reply is not used again. Secrets that the service sends
 * back are overwritten. Raises memory errors alone. `decoder` is an absolute index. */
void answer_read(lua_State *L, int decoder, struct reply *reply, const struct sign *sign,
                 struct verdict *verdict);

#endif
