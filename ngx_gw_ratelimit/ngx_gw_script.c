
/*
 * Numbers in Lua are doubles: all that is reckoned here stays below 2^53, or
 * is only compared with something far smaller.
 */


#include "ngx_gw_script.h"


/* the server's time, microseconds */
#define NGX_GW_LUA_NOW                                                        \
    "local time = redis.call('TIME')\n"                                       \
    "local now = time[1] * 1000000 + time[2]\n"


/*
 * tat and part, its fraction, of the key; now, if it holds nothing.  most is
 * how far ahead it can be by any burst that has been asked for; further it is
 * when a clock has stepped back.  Of another rate it is cut to what this one
 * can owe, and a fraction is rounded up.  State: tat part number whole most.
 */
#define NGX_GW_LUA_GCRA                                                       \
    NGX_GW_LUA_NOW                                                            \
    "local whole, fraction, number = "                                        \
        "tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])\n"           \
    "local tolerance, beyond = tonumber(ARGV[4]), tonumber(ARGV[5])\n"        \
    "local most = tolerance + whole + 2 + tonumber(ARGV[7] or 0)\n"           \
    "local tat, part, cut = now, 0, false\n"                                  \
    "local state = redis.call('GET', KEYS[1])\n"                              \
    "if state then\n"                                                         \
    "  local a, b, c, d, e = string.match(state, "                            \
        "'^(%d+) (%d+) (%d+) (%d+) (%d+)$')\n"                                \
    "  if a and tonumber(a) >= now then\n"                                    \
    "    tat, part = tonumber(a), tonumber(b)\n"                              \
    "    if c == ARGV[3] and d == ARGV[1] then\n"                             \
    "      most = math.max(most, tonumber(e))\n"                              \
    "    elseif part > 0 then\n"                                              \
    "      tat, part = tat + 1, 0\n"                                          \
    "    end\n"                                                               \
    "    if tat > now + most then\n"                                          \
    "      tat, part, cut = now + most, 0, true\n"                            \
    "    end\n"                                                               \
    "  end\n"                                                                 \
    "end\n"                                                                   \
    "local function intervals(n)\n"                                           \
    "  local parts = fraction * n\n"                                          \
    "  local carry = math.floor(parts / number)\n"                            \
    "  return whole * n + carry, parts - carry * number\n"                    \
    "end\n"

#define NGX_GW_LUA_GCRA_SET                                                   \
    "redis.call('SET', KEYS[1], "                                             \
        "string.format('%.0f %.0f %.0f %.0f %.0f', "                          \
        "tat, part, number, whole, most), "                                   \
        "'PX', math.ceil((tat - now) / 1000) + 1)\n"


/*
 * id, elapsed and length of the window that now is in, and count and last of
 * the key in it.  A state from the future, before the clock stepped back,
 * counts as of now.
 */
#define NGX_GW_LUA_WINDOW                                                     \
    NGX_GW_LUA_NOW                                                            \
    "local kind, length, offset = "                                           \
        "ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])\n"                     \
    "local id, elapsed\n"                                                     \
    "local next = length > 0 and length or 31 * 86400000000\n"                \
    "if length > 0 then\n"                                                    \
    "  id = math.floor((now + offset) / length)\n"                            \
    "  elapsed = now + offset - id * length\n"                                \
    "else\n"                                                                  \
    "  local function new_year(y)\n"                                          \
    "    return (y - 1970) * 365 + math.floor((y - 1969) / 4)"                \
            " - math.floor((y - 1901) / 100)"                                 \
            " + math.floor((y - 1601) / 400)\n"                               \
    "  end\n"                                                                 \
    "  local day = math.floor(now / 86400000000)\n"                           \
    "  local year = 1970 + math.floor(day / 366)\n"                           \
    "  while new_year(year + 1) <= day do year = year + 1 end\n"              \
    "  local first, month = new_year(year), 1\n"                              \
    "  local days = {31, new_year(year + 1) - first - 337, "                  \
            "31, 30, 31, 30, 31, 31, 30, 31, 30, 31}\n"                       \
    "  while first + days[month] <= day do\n"                                 \
    "    first, month = first + days[month], month + 1\n"                     \
    "  end\n"                                                                 \
    "  id = year * 12 + month - 1\n"                                          \
    "  length = days[month] * 86400000000\n"                                  \
    "  elapsed = now - first * 86400000000\n"                                 \
    "end\n"                                                                   \
    "local count, last, from = 0, 0, id\n"                                    \
    "local state = redis.call('GET', KEYS[1])\n"                              \
    "if state then\n"                                                         \
    "  local a, b, c = string.match(state, '^(%d+) (%d+) (%d+)$')\n"          \
    "  a = tonumber(a)\n"                                                     \
    "  if a and a >= id then\n"                                               \
    "    count, last, from = tonumber(b), tonumber(c), a\n"                   \
    "  elseif a == id - 1 then\n"                                             \
    "    last = tonumber(b)\n"                                                \
    "  end\n"                                                                 \
    "end\n"

#define NGX_GW_LUA_WINDOW_SET                                                 \
    "redis.call('SET', KEYS[1], "                                             \
        "string.format('%.0f %.0f %.0f', id, count, last), 'PX', "            \
        "math.ceil((length - elapsed + (kind == 's' and next or 0))"           \
            " / 1000))\n"


/* a set lives as long as the last of its members */

#define NGX_GW_LUA_IN_FLIGHT_EXPIRE                                           \
    "local life = math.ceil(ttl / 1000) + 1\n"                                \
    "if redis.call('PTTL', KEYS[1]) < life then\n"                            \
    "  redis.call('PEXPIRE', KEYS[1], life)\n"                                \
    "end\n"


ngx_gw_redis_script_t  ngx_gw_scripts[NGX_GW_SCRIPTS] = {

    { ngx_string(
        NGX_GW_LUA_GCRA
        "local cost = tonumber(ARGV[6])\n"
        "local more, parts = intervals(math.max(cost - 1, 0))\n"
        "local ahead = tat - now + more\n"
        "parts = parts + part\n"
        "if parts >= number then\n"
        "  ahead, parts = ahead + 1, parts - number\n"
        "end\n"
        "if ahead > tolerance or ahead == tolerance and parts > beyond then\n"
        "  if cut then\n"
        NGX_GW_LUA_GCRA_SET
        "  end\n"
        "  return {0, tat - now, part}\n"
        "end\n"
        "if cost == 0 then return {1, tat - now, part} end\n"
        "more, parts = intervals(cost)\n"
        "tat, part = tat + more, part + parts\n"
        "if part >= number then tat, part = tat + 1, part - number end\n"
        NGX_GW_LUA_GCRA_SET
        "return {1, tat - now, part}\n"), { 0 } },

    { ngx_string(
        NGX_GW_LUA_GCRA
        "if not state then return end\n"
        "local less, parts = intervals(tonumber(ARGV[6]))\n"

        /* what has been earned again meanwhile stays */
        "if less > tonumber(ARGV[8]) then\n"
        "  less, parts = tonumber(ARGV[8]), 0\n"
        "end\n"
        "tat, part = tat - less, part - parts\n"
        "if part < 0 then tat, part = tat - 1, part + number end\n"
        "if tat < now then\n"
        "  redis.call('DEL', KEYS[1])\n"
        "  return\n"
        "end\n"
        NGX_GW_LUA_GCRA_SET), { 0 } },

    { ngx_string(
        NGX_GW_LUA_WINDOW
        "local quota, cost = tonumber(ARGV[4]), tonumber(ARGV[5])\n"
        "local used = count\n"
        "if kind == 's' then\n"

        /* last * (length - elapsed) / length, rounded up, by ten bits of
           last at a time */
        "  local quotient, rest, left = 0, 0, length - elapsed\n"
        "  for i = 20, 0, -10 do\n"
        "    local n = rest * 1024 + math.floor(last / 2^i) % 1024 * left\n"
        "    local part = math.floor(n / length)\n"
        "    quotient, rest = quotient * 1024 + part, n - part * length\n"
        "  end\n"
        "  used = used + quotient + (rest > 0 and 1 or 0)\n"
        "end\n"
        "if used + math.max(cost, 1) > quota then\n"
        "  if from > id then\n"
        NGX_GW_LUA_WINDOW_SET
        "  end\n"
        "  return {0, count, last, elapsed, length, id}\n"
        "end\n"
        "if cost > 0 then\n"
        "  count = count + cost\n"
        NGX_GW_LUA_WINDOW_SET
        "end\n"
        "return {1, count, last, elapsed, length, id}\n"), { 0 } },

    { ngx_string(
        NGX_GW_LUA_WINDOW
        "if not state then return end\n"
        "local cost, charged = tonumber(ARGV[5]), tonumber(ARGV[6])\n"
        "if charged == id then\n"
        "  count = math.max(count - cost, 0)\n"
        "elseif charged == id - 1 then\n"
        "  last = math.max(last - cost, 0)\n"
        "else\n"
        "  return\n"
        "end\n"
        NGX_GW_LUA_WINDOW_SET), { 0 } },

    { ngx_string(
        NGX_GW_LUA_NOW
        "local limit, ttl = tonumber(ARGV[2]), tonumber(ARGV[3])\n"
        "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)\n"

        /* from before the clock stepped back: no ttl is an hour */
        "redis.call('ZREMRANGEBYSCORE', KEYS[1], now + 3600000001, '+inf')\n"
        "local n = redis.call('ZCARD', KEYS[1])\n"
        "local admitted = n < limit and 1 or 0\n"
        "if admitted == 1 or ARGV[4] == '1' then\n"
        "  redis.call('ZADD', KEYS[1], now + ttl, ARGV[1])\n"
        NGX_GW_LUA_IN_FLIGHT_EXPIRE
        "  n = n + 1\n"
        "end\n"
        "return {admitted, n}\n"), { 0 } },

    { ngx_string(
        "redis.call('ZREM', KEYS[1], ARGV[1])\n"), { 0 } },

    { ngx_string(
        NGX_GW_LUA_NOW
        "local ttl = tonumber(ARGV[2])\n"
        "redis.call('ZADD', KEYS[1], now + ttl, ARGV[1])\n"
        NGX_GW_LUA_IN_FLIGHT_EXPIRE),
      { 0 } },

    /*
     * Emission slots, from "from" ahead on, up to "reach" beyond the
     * tolerance.  Where a gateway has reserved so, most says it, and a slot
     * is due "early" sooner; positions are told as if all were.  count is
     * not above 9 * 10^6: with a fraction it makes less than 2^53.
     */
    { ngx_string(
        NGX_GW_LUA_GCRA
        "local count, reach = tonumber(ARGV[6]), tonumber(ARGV[7])\n"
        "local from, early = tonumber(ARGV[8]), tonumber(ARGV[9])\n"
        "if tat < now + from then tat, part = now + from, 0 end\n"
        "local sooner = most > tolerance + whole + 2 and early or 0\n"
        "reach = math.max(reach, sooner)\n"
        "local slack, rest = now + tolerance + reach - tat, beyond - part\n"
        "if rest < 0 then slack, rest = slack - 1, rest + number end\n"
        "local n = 0\n"
        "if count > 0 and slack >= 0 then\n"
        "  local function fits(n)\n"
        "    local more, parts = intervals(n)\n"
        "    return more < slack or more == slack and parts <= rest\n"
        "  end\n"

        /* one too many or too few, perhaps */
        "  n = math.floor((slack + rest / number) "
            "/ (whole + fraction / number))\n"
        "  n = math.min(n, count - 1)\n"
        "  if not fits(n) then\n"
        "    n = n - 1\n"
        "  elseif n < count - 1 and fits(n + 1) then\n"
        "    n = n + 1\n"
        "  end\n"
        "  n = n + 1\n"
        "end\n"
        "local first, first_part = tat - early - now, part\n"
        "if n > 0 then\n"
        "  local more, parts = intervals(n)\n"
        "  tat, part = tat + more, part + parts\n"
        "  if part >= number then tat, part = tat + 1, part - number end\n"
        "end\n"
        "if n > 0 or cut then\n"
        NGX_GW_LUA_GCRA_SET
        "end\n"
        "local wait = 0\n"
        "if n < count then\n"
        "  wait = tat - now - tolerance - reach\n"
        "  if part > beyond then wait = wait + 1 end\n"
        "end\n"
        "return {n, first, first_part, tat - sooner - now, "
            "math.max(wait, 0)}\n"), { 0 } },
};


void
ngx_gw_script_init(void)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_GW_SCRIPTS; i++) {
        ngx_gw_redis_script_init(&ngx_gw_scripts[i]);
    }
}
