---@meta
-- The shapes of what goes into the module and what comes back, for editors and readers; nothing
-- loads this file. Loops, failures, codes and the simulator describe theirs where they stand.
--
-- lua-language-server knows each of two returned values by itself alone, so `err` stands as what it
-- is where there is no result: `if not result then print(err.kind) end` needs no cast. EmmyLua's
-- server also reads `return_overload`, which says which values come together.
-- luacheck: ignore 212 241

---@alias geelark.Id string|integer

-- A list, or a function that returns one id a call and nil at the end.
---@alias geelark.Ids geelark.Id[]|(fun(): geelark.Id?)

-- What each call takes, and geelark.new as its jobs' defaults. Where a function is asked for, a
-- table that can be called will do.
---@class geelark.JobOptions
---@field chunk_size? integer      # ids a request, 1 to 100; default 100
---@field concurrency? integer     # requests in flight at once, 1 to 64; default 2
---@field timeout? number          # seconds for one request; default 60
---@field connect_timeout? number  # seconds for connecting; default 10
---@field attempts? integer        # tries for one chunk, 1 to 1000; default 4
---@field max_wait? number         # seconds: a longer Retry-After ends the job; default 120
---@field deadline? number         # seconds for the whole job; default none
---@field stop_started? boolean    # phones that are started or starting are stopped, watched and then deleted; default false
---@field stop_timeout? number     # seconds for that, from a phone's first refusal; default 120
---@field journal? string          # a SQLite file: the same call with it goes on after a crash; default none
---@field dry_run? boolean         # checks everything, sends nothing, and leaves a journal alone
---@field on_progress? fun(progress: geelark.Progress) # after every settled chunk, and each second of a wait
---@field on_event? fun(event: geelark.Event)
---@field transport? geelark.Transport # in the network's place

-- What geelark.new takes, and so do calls outside a client.
---@class geelark.Options: geelark.JobOptions
---@field token? string            # bearer token, without "Bearer"; default: GEELARK_TOKEN
---@field app_id? string           # key verification; default: GEELARK_APP_ID
---@field api_key? string          # key verification; default: GEELARK_API_KEY
---@field base_url? string         # https://, or http:// to loopback; default: GEELARK_BASE_URL, else the service's
---@field ca_file? string          # PEM file of certificate authorities; default: GEELARK_CA_FILE, else what libcurl trusts
---@field proxy? string            # proxy URL, checked at once, for https:// alone; default: the usual environment variables
---@field requests_per_minute? integer|false # default 200; false lifts it
---@field requests_per_hour? integer|false   # default 24000; false lifts it
---@field limiter? geelark.Limiter # a quota shared with others
---@field clock? geelark.Clock     # in time's place

---@class geelark.Clock
---@field now? fun(): number       # seconds
---@field sleep? fun(seconds: number) # called where there is nothing else to do
---@field seed? number             # makes the pauses before repeats the same each time

-- Returns status, body and headers; or nil, the reason and whether the request may have left; or
-- nothing: request:answer or request:fail comes later.
---@alias geelark.Transport fun(request: geelark.Request): integer?, string?, (table|boolean)?

-- Neither may yield. `take` comes before a request to `path` of at most so many seconds, and
-- returns a token, or nil and the seconds to wait; and, where what it shares can't be asked, why: a
-- job that hears nothing else for max_wait seconds ends with kind `quota`. `give` comes once for
-- each token, when its answer came or none will; the collector calls it for a job that was dropped.
---@class geelark.Limiter
---@field take fun(seconds: number, path: string): any, number?, string?
---@field give fun(token: any)

---@class geelark.Result
---@field totalAmount integer      # distinct ids
---@field successAmount integer    # deleted, presumed ones included
---@field failAmount integer
---@field failDetails geelark.Failure[] # in the caller's order
---@field duplicateAmount integer  # ids given more than once, the extra ones
---@field presumedIds geelark.Id[] # successes that rest on "it doesn't exist" after a lost answer
---@field stoppedIds geelark.Id[]  # a stop of theirs was accepted, whatever followed
---@field unknownIds geelark.Id[]  # sent, no reliable answer
---@field pendingIds geelark.Id[]  # not processed
---@field requests geelark.Entry[] # one for each chunk, in the order of settling

-- What a request does. Stop and status come with stop_started alone.
---@alias geelark.Action "delete"|"stop"|"status"

-- All tries for one chunk.
---@class geelark.Entry
---@field action geelark.Action
---@field traceId string      # of the last request
---@field amount integer      # ids in the chunk
---@field attempts integer    # requests sent for it
---@field code? integer       # of the last answer's envelope
---@field msg? string         # of the last answer's envelope
---@field httpStatus? integer # of the last answer
---@field seconds number      # from its first request until it settled
---@field halved? true        # it was halved because of one bad id

-- What became of an id: see geelark.outcomes.
---@alias geelark.State "deleted"|"presumed"|"failed"|"unknown"|"pending"

---@alias geelark.Kind
---| "config"|"auth"|"quota"|"locked"|"refused"|"network"|"tls"|"timeout"
---| "server"|"protocol"|"deadline"|"cancelled"|"callback"

-- tostring gives the message.
---@class geelark.Error
---@field kind geelark.Kind
---@field message string
---@field code? integer       # of the envelope that decided
---@field traceId? string
---@field httpStatus? integer
---@field retryAfter? number  # seconds until the same request may succeed
---@field result geelark.Result

---@class geelark.Progress
---@field totalAmount integer
---@field successAmount integer
---@field failAmount integer
---@field unknownAmount integer
---@field pendingAmount integer
---@field stoppingAmount integer # those of the pending ones whose phones are being stopped
---@field inFlight integer    # requests
---@field seconds number      # since the start
---@field waiting number      # seconds until the next request may leave; 0 where nobody knows
---@field reason? string      # why it waits, in words for people

---@alias geelark.Event geelark.SendEvent|geelark.LostEvent|geelark.WaitEvent|geelark.SettleEvent

-- Before a request leaves.
---@class geelark.SendEvent
---@field type "send"
---@field traceId string
---@field action geelark.Action
---@field attempt integer     # 1 for the first try
---@field ids geelark.Id[] # that are asked for

-- A try came to nothing.
---@class geelark.LostEvent
---@field type "lost"
---@field action geelark.Action
---@field traceId string
---@field ids geelark.Id[] # that were asked for
---@field askedIds geelark.Id[] # of these, those that the service may have obeyed a request for
---@field sent boolean        # whether the request may have left
---@field kind geelark.Kind   # why
---@field message string
---@field code? integer       # of the answer's envelope
---@field httpStatus? integer
---@field retryIn? number     # seconds until the next try, where there is one

-- Nothing can leave for more than a second.
---@class geelark.WaitEvent
---@field type "wait"
---@field seconds number
---@field reason string       # in words for people

-- After a chunk has settled, or was halved.
---@class geelark.SettleEvent
---@field type "settle"
---@field action geelark.Action
---@field traceId? string     # of the last request, where one was sent
---@field attempts integer
---@field code? integer       # of the last answer's envelope
---@field msg? string         # of the last answer's envelope
---@field httpStatus? integer # of the last answer
---@field halved boolean
---@field seconds number      # from its first request until it settled
---@field ids geelark.Id[] # of the chunk; below, what became of them
---@field deletedIds geelark.Id[]
---@field presumedIds geelark.Id[]
---@field failDetails geelark.Failure[]
---@field unknownIds geelark.Id[]
---@field pendingIds geelark.Id[] # they go on: in the halves, or their phones are being stopped
---@field askedIds geelark.Id[] # not gone; the service may have obeyed an earlier request for them
---@field stoppedIds geelark.Id[] # a stop of theirs was accepted
---@field stoppingDetails geelark.Failure[] # why delete refused those whose phones are being stopped

---@class geelark.Request
---@field path string
---@field headers table<string, string>
---@field body string
---@field ids geelark.Id[]
---@field traceId string
local Request = {}

--- Answers a request for which the transport returned nothing.
---@param status integer
---@param body? string
---@param headers? table<string, string>
---@return boolean taken false: too late
function Request:answer(status, body, headers) end

--- No answer came.
---@param reason? string
---@param sent? boolean whether the request may have left; default false
---@return boolean taken false: too late
function Request:fail(reason, sent) end

---@class geelark.Client
local Client = {}

--- As geelark.delete, on the client's connections and quota.
---@param ids geelark.Ids
---@param options? geelark.JobOptions
---@return geelark.Result? result
---@return geelark.Error err
---@return_overload geelark.Result
---@return_overload nil, geelark.Error
function Client:delete(ids, options) end

--- As geelark.start, on the client's connections and quota.
---@param ids geelark.Ids
---@param options? geelark.JobOptions
---@return geelark.Job
function Client:start(ids, options) end

--- Ends its jobs. Raises from inside a callback of one.
function Client:close() end

---@class geelark.Job
local Job = {}

--- Does what can be done now.
---@param seconds? number that it may wait meanwhile; default 0
---@return boolean done
function Job:step(seconds) end

--- Readable while there is something to do; the same for the job's whole life.
---@return integer? descriptor nil: nothing to watch
function Job:pollfd() end

---@return "r"
function Job:events() end

--- After so many seconds step must be called anyway.
---@return number? seconds nil: never
function Job:timeout() end

---@return geelark.Progress
function Job:progress() end

--- Raises before the job is done. Closes the descriptor.
---@return geelark.Result? result
---@return geelark.Error err
---@return_overload geelark.Result
---@return_overload nil, geelark.Error
function Job:result() end

--- Sends nothing more; what is in flight is waited for, in later steps.
function Job:cancel() end

-- The module ------------------------------------------------------------------------------

---@class geelark
---@field _VERSION string
---@field codes geelark.Codes
---@field limiter geelark.Limiters
---@field loop geelark.Loops
local geelark = {}

--- Deletes phones and blocks until each id is accounted for. Raises for wrong arguments, before
--- anything is sent; whatever else goes wrong comes back as `nil, err`.
---@param ids geelark.Ids
---@param options? geelark.Options
---@return geelark.Result? result
---@return geelark.Error err
---@return_overload geelark.Result
---@return_overload nil, geelark.Error
function geelark.delete(ids, options) end

--- Raises for ids just as `delete` would, and does nothing else.
---@param ids geelark.Ids
function geelark.check(ids) end

--- The same as `delete` as a job that never blocks, for event loops.
---@param ids geelark.Ids
---@param options? geelark.Options
---@return geelark.Job
function geelark.start(ids, options) end

--- A client, which keeps connections and the quota across calls.
---@param options? geelark.Options
---@return geelark.Client? client
---@return geelark.Error err
---@return_overload geelark.Client
---@return_overload nil, geelark.Error
function geelark.new(options) end

--- Goes on after an earlier call: asks for the ids that it left unknown or pending, those first that
--- were never asked for. The account that comes back is that of the whole list. An id that was unknown
--- and doesn't exist any more counts as presumed deleted. Raises for a result of another process or
--- one that was saved and read again.
---@param err geelark.Error|geelark.Result
---@param options? geelark.Options
---@return geelark.Result? result
---@return geelark.Error err
---@return_overload geelark.Result
---@return_overload nil, geelark.Error
function geelark.resume(err, options) end

--- Iterates all ids in the caller's order: `for id, state, code, msg in geelark.outcomes(result) do`;
--- code and msg come with "failed". Raises as resume does.
---@param result geelark.Result|geelark.Error
---@return fun(): geelark.Id?, geelark.State, integer?, string?
function geelark.outcomes(result) end

--- The ids that are unknown or pending, in the caller's order.
---@param result geelark.Result|geelark.Error
---@return geelark.Id[]
function geelark.remaining(result) end

--- The failures as a list that filters, groups and prints itself.
---@param result geelark.Result|geelark.Error
---@return geelark.Failures
function geelark.failures(result) end

-- Drivers for event loops, each loaded when it is first asked for.
---@class geelark.Loops
---@field cqueues geelark.loop.cqueues
---@field luv geelark.loop.luv
---@field ngx geelark.loop.ngx
---@field nvim geelark.nvim

-- Ready-made limiters, each loaded when it is first asked for. They raise where the arguments are
-- wrong or there is no such file.
---@class geelark.Limiters
---@field redis fun(connection: geelark.limiter.Connection, limits?: geelark.Limits): geelark.Limiter
---@field sqlite fun(file: string, limits?: geelark.Limits): geelark.Limiter
