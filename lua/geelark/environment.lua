-- Where credentials and the address come from, in words: never what the credentials are. As the
-- core chooses: an option wins over the environment, a token over a key.

local SERVICE = "https://openapi.geelark.com"

local environment = {}

local function variable(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

---@param options geelark.Options those that are given, without a client
---@return string where such as "GEELARK_TOKEN"
function environment.credentials(options)
  if options.token then return "the option token" end
  local key = options.app_id or options.api_key
  if not key and variable "GEELARK_TOKEN" then return "GEELARK_TOKEN" end
  return (options.app_id and "the option app_id, " or "GEELARK_APP_ID, ")
    .. (options.api_key and "the option api_key" or "GEELARK_API_KEY")
end

---@param options geelark.Options
---@return string
function environment.base_url(options)
  return options.base_url or variable "GEELARK_BASE_URL" or SERVICE
end

return environment
