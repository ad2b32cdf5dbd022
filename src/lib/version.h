/* version.h: the module's version, for User-Agent and geelark._VERSION. */
#pragma once

#define GEELARK_VERSION "0.1.0"
