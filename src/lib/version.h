/* version.h: the module's version, for User-Agent and geelark._VERSION. */
#ifndef GEELARK_VERSION_H
#define GEELARK_VERSION_H

#define GEELARK_VERSION "0.1.0"

#endif
