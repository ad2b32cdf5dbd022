-- What a server speaks TLS with: sound ones, and those that a client has to refuse.

local contexts = require "openssl.ssl.context" -- Debian: lua-luaossl
local pkey = require "openssl.pkey"
local x509 = require "openssl.x509"
local certificates = require "spec.support.certificates"

local VERSIONS = { contexts.OP_NO_TLSv1, contexts.OP_NO_TLSv1_1, contexts.OP_NO_TLSv1_2,
  contexts.OP_NO_TLSv1_3 }

-- `only`: the one version that is spoken, 1 to 4; `asks`: a certificate of the client's is wanted.
local function new(pair, only, asks)
  local context = contexts.new("TLS", true)
  context:setCertificate(x509.new(pair.certificate))
  context:setPrivateKey(pkey.new(pair.key))
  for version, option in ipairs(VERSIONS) do
    if only and version ~= only then context:setOptions(option) end
  end
  if only and only < 3 then context:setCipherList "ALL:@SECLEVEL=0" end -- else none is left
  if asks then context:setVerify(contexts.VERIFY_PEER + contexts.VERIFY_FAIL_IF_NO_PEER_CERT) end
  return context
end

-- Returns the contexts by name, the path of the authority's certificate, and what takes it away.
return function()
  local made = certificates.new()
  return {
    good = new(made.good), unknown = new(made.unknown), expired = new(made.expired),
    other_host = new(made.other_host), tls10 = new(made.good, 1), tls11 = new(made.good, 2),
    tls12 = new(made.good, 3), asks = new(made.good, 4, true), asks12 = new(made.good, 3, true),
  }, made.ca_file, function() made:remove() end
end
