/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sbctl/sbctl.h"

/* What --help says about the commands; the parts common to all tools are in ovsdb/ctl/options.c. */
const char sbctl_help[] =
    "General commands:\n"
    "  show                        print overview of database contents\n"
    "\n"
    "Chassis commands:\n"
    "  chassis-add CHASSIS ENCAP-TYPE ENCAP-IP  create a new chassis named\n"
    "                                           CHASSIS with ENCAP-TYPE tunnels\n"
    "                                           and ENCAP-IP\n"
    "  chassis-del CHASSIS         delete CHASSIS and all of its encaps\n"
    "                              and gateway_ports\n"
    "\n"
    "Port binding commands:\n"
    "  lsp-bind PORT CHASSIS       bind logical port PORT to CHASSIS\n"
    "  lsp-unbind PORT             reset the port binding of logical port PORT\n"
    "\n"
    "Logical flow commands:\n"
    "  lflow-list  [DATAPATH] [LFLOW...] list logical flows for DATAPATH\n"
    "  dump-flows  [DATAPATH] [LFLOW...] alias for lflow-list\n"
    "  count-flows [DATAPATH]            count logical flows for DATAPATH\n"
    "\n"
    "Connection commands:\n"
    "  get-connection             print the connections\n"
    "  del-connection             delete the connections\n"
    "  [--inactivity-probe=MSECS]\n"
    "  set-connection TARGET...   set the list of connections to TARGET...\n"
    "\n"
    "SSL commands:\n"
    "  get-ssl                     print the SSL configuration\n"
    "  del-ssl                     delete the SSL configuration\n"
    "  set-ssl PRIV-KEY CERT CA-CERT [SSL-PROTOS [SSL-CIPHERS]] set the SSL configuration\n";
