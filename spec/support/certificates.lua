-- Certificates for specs over TLS: an authority of the run's own, and server certificates
-- that a client must accept or must refuse. They are made anew each time; only the
-- authority's certificate goes to disk, into a temporary directory, because clients want
-- a file.

local altname = require "openssl.x509.altname"
local bignum = require "openssl.bignum"
local extension = require "openssl.x509.extension"
local name = require "openssl.x509.name"
local pkey = require "openssl.pkey"
local rand = require "openssl.rand"
local x509 = require "openssl.x509"
local temporary = require "spec.support.temporary"

local DAY = 24 * 60 * 60

local function new_key()
  return pkey.new { type = "EC", curve = "prime256v1" }
end

-- A certificate with all but its own extensions, not yet signed.
local function draft(common_name, key, from, till)
  local certificate = x509.new()
  certificate:setVersion(3)
  certificate:setSerial(bignum.fromBinary(rand.bytes(16)))
  certificate:setSubject(name.new():add("CN", common_name))
  certificate:setPublicKey(key)
  certificate:setLifetime(os.time() + from * DAY, os.time() + till * DAY)
  return certificate
end

local function new_authority(common_name)
  local key = new_key()
  local certificate = draft(common_name, key, -1, 1)
  certificate:setIssuer(certificate:getSubject())
  certificate:setBasicConstraints { CA = true, pathLen = 0 }
  certificate:setBasicConstraintsCritical(true)
  certificate:addExtension(extension.new("keyUsage", "critical,keyCertSign,cRLSign"))
  certificate:sign(key)
  return { key = key, certificate = certificate }
end

-- A server's certificate and key as PEM text, as the simulator's option `tls` takes them.
local function new_server(authority, hosts, from, till)
  local key = new_key()
  local certificate = draft(hosts[1].name, key, from or -1, till or 1)
  local names = altname.new()
  for _, host in ipairs(hosts) do names:add(host.kind, host.name) end
  certificate:setSubjectAlt(names)
  certificate:setBasicConstraints { CA = false }
  certificate:setIssuer(authority.certificate:getSubject())
  certificate:sign(authority.key)
  return { certificate = certificate:toPEM(), key = key:toPEM "private" }
end

---@class spec.support.Pair
---@field certificate string PEM
---@field key string PEM

---@class spec.support.Certificates
---@field ca_file string path of the authority's certificate, PEM
---@field good spec.support.Pair for 127.0.0.1, ::1 and localhost
---@field other_host spec.support.Pair from the same authority, for another host
---@field expired spec.support.Pair from the same authority, expired yesterday
---@field unknown spec.support.Pair for the right host, from an authority nobody knows
local Certificates = {}
Certificates.__index = Certificates

---Removes the authority's file. May be called again.
function Certificates:remove()
  self.directory:remove()
end

local certificates = {}

---@return spec.support.Certificates
function certificates.new()
  local authority, stranger = new_authority "Trusted in specs", new_authority "Unknown"
  local here = {
    { kind = "DNS", name = "localhost" },
    { kind = "IP", name = "127.0.0.1" },
    { kind = "IP", name = "::1" },
  }
  local directory = temporary.new()
  return setmetatable({
    directory = directory,
    ca_file = directory:write("ca.pem", authority.certificate:toPEM()),
    good = new_server(authority, here),
    other_host = new_server(authority, { { kind = "DNS", name = "other.example" } }),
    expired = new_server(authority, here, -3, -1),
    unknown = new_server(stranger, here),
  }, Certificates)
end

return certificates
