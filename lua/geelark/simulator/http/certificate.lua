-- A certificate for the loopback addresses, signed by itself, for as long as a simulator runs.

local need = require "geelark.simulator.need"

local DAY, BITS = 86400, 2048
local HOSTS = { { "DNS", "localhost" }, { "IP", "127.0.0.1" }, { "IP", "::1" } }

local function ssl(name)
  return need("openssl." .. name, "lua-luaossl")
end

local certificate = {}

---@return { certificate: string, key: string } pair PEM texts
function certificate.new()
  local key = ssl("pkey").new { type = "RSA", bits = BITS }
  local made, name, hosts = ssl("x509").new(), ssl("x509.name").new(), ssl("x509.altname").new()
  name:add("CN", "geelark simulator")
  for _, host in ipairs(HOSTS) do hosts:add(host[1], host[2]) end
  made:setVersion(3)
  made:setSerial(ssl("bignum").new(os.time()))
  made:setSubject(name)
  made:setIssuer(name)
  made:setLifetime(os.time() - DAY, os.time() + 365 * DAY)
  made:setPublicKey(key)
  made:setSubjectAlt(hosts)
  made:setBasicConstraints { CA = true }
  made:sign(key)
  return { certificate = made:toPEM(), key = key:toPEM "private" }
end

---Writes the certificate, without its key, where geelark can read it.
---@param pair { certificate: string }
---@return string path of a file; whoever calls removes it
function certificate.write(pair)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(pair.certificate)
  file:close()
  return path
end

return certificate
