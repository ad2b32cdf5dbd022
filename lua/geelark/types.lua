---@meta
-- The shapes of what goes into the module and what comes back, for editors and readers; nothing
-- loads this file.

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
---@field dry_run? boolean         # checks everything, sends nothing
---@field on_progress? fun(progress: geelark.Progress) # after every settled chunk, and each second of a wait
---@field on_event? fun(event: geelark.SendEvent|geelark.LostEvent|geelark.WaitEvent|geelark.SettleEvent)
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
---@field clock? { now?: (fun(): number), sleep?: fun(seconds: number), seed?: number } # in time's place, in seconds

-- Returns status, body and headers; or nil, the reason and whether the request may have left; or
-- nothing: request:answer or request:fail comes later.
---@alias geelark.Transport fun(request: geelark.Request): integer?, string?, (table|boolean)?

-- Neither may yield. `take` comes before a request to `path` of at most so many seconds, and
-- returns a token, or nil and the seconds to wait. `give` comes once for each token, when its
-- answer came or none will: for a job that was dropped from the collector.
---@class geelark.Limiter
---@field take fun(seconds: number, path: string): any, number?
---@field give fun(token: any)

---@class geelark.Result
---@field totalAmount integer      # distinct ids
---@field successAmount integer    # deleted, presumed ones included
---@field failAmount integer
---@field failDetails geelark.Failure[] # in the caller's order
---@field duplicateAmount integer  # ids given more than once, the extra ones
---@field presumedIds (string|integer)[] # successes that rest on "it doesn't exist" after a lost answer
---@field unknownIds (string|integer)[]  # sent, no reliable answer
---@field pendingIds (string|integer)[]  # not processed
---@field requests geelark.Account[] # one for each chunk, in the order of settling

-- All tries for one chunk.
---@class geelark.Account
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
---@field inFlight integer    # requests
---@field seconds number      # since the start
---@field waiting number      # seconds until the next request may leave; 0 where nobody knows
---@field reason? string      # why it waits, in words for people

-- Before a request leaves.
---@class geelark.SendEvent
---@field type "send"
---@field traceId string
---@field action "delete"
---@field attempt integer     # 1 for the first try
---@field ids (string|integer)[] # that are asked for

-- A try came to nothing.
---@class geelark.LostEvent
---@field type "lost"
---@field action "delete"
---@field traceId string
---@field ids (string|integer)[] # that were asked for
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
---@field action "delete"
---@field traceId? string     # of the last request, where one was sent
---@field attempts integer
---@field code? integer       # of the last answer's envelope
---@field httpStatus? integer # of the last answer
---@field halved boolean
---@field ids (string|integer)[] # of the chunk; below, what became of them
---@field deletedIds (string|integer)[]
---@field presumedIds (string|integer)[]
---@field failDetails geelark.Failure[]
---@field unknownIds (string|integer)[]
---@field pendingIds (string|integer)[] # where it was halved: they go on in its halves

---@class geelark.Request
---@field path string
---@field headers table<string, string>
---@field body string
---@field ids (string|integer)[]
---@field traceId string
---@field answer fun(self, status: integer, body?: string, headers?: table): boolean # false: too late
---@field fail fun(self, reason?: string, sent?: boolean): boolean # false: too late

---@class geelark.Client
---@field delete fun(self, ids: any, options?: geelark.JobOptions): geelark.Result?, geelark.Error?
---@field start fun(self, ids: any, options?: geelark.JobOptions): geelark.Job
---@field close fun(self) # ends its jobs; raises from inside a callback of one

---@class geelark.Job
---@field step fun(self, seconds?: number): boolean  # does what can be done now, waits at most so long (default 0); done?
---@field pollfd fun(self): integer?   # readable while there is something to do; nil: nothing to watch
---@field events fun(self): "r"
---@field timeout fun(self): number?   # seconds after which step must be called anyway; nil: never
---@field progress fun(self): geelark.Progress
---@field result fun(self): geelark.Result?, geelark.Error? # raises before the job is done; closes the descriptor
---@field cancel fun(self)  # sends nothing more; what is in flight is waited for, in later steps
