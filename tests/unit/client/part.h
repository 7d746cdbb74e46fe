/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_TESTS_UNIT_CLIENT_PART_H
#define WEFT_TESTS_UNIT_CLIENT_PART_H

/* What: a small database for tests: groups that refer to ports, ports that refer to a group. */

#include "lib/base/check.h"
#include "ovsdb/client/replica.h"

enum { T_GROUP, T_PORT, T_N };
enum { GROUP_MEMBERS, GROUP_NAME, GROUP_OPTIONS, GROUP_PARENT, GROUP_N };
enum { PORT_GROUP, PORT_KEY, PORT_NAME, PORT_TAG, PORT_N };

static const struct replica_column group_columns[] = {
    {"members", {ATOM_UUID, ATOM_VOID}, false, false},
    {"name", {ATOM_STRING, ATOM_VOID}, true, true},
    {"options", {ATOM_STRING, ATOM_STRING}, false, false},
    {"parent", {ATOM_UUID, ATOM_VOID}, false, true},
};
static const struct replica_column port_columns[] = {
    {"group", {ATOM_UUID, ATOM_VOID}, true, true},
    {"key", {ATOM_INTEGER, ATOM_VOID}, true, true},
    {"name", {ATOM_STRING, ATOM_VOID}, true, true},
    {"tag", {ATOM_INTEGER, ATOM_VOID}, false, true},
};
static const struct replica_table_def part_tables[] = {
    {"Group", group_columns, GROUP_N, true},
    {"Port", port_columns, PORT_N, true},
};
static const struct replica_schema_def part_def UNUSED = {"Part", part_tables, T_N};

/* The same as a server would describe it. */
#define PART_SCHEMA                                                                                 \
    "{\"name\":\"Part\",\"version\":\"1.0.0\",\"tables\":{"                                         \
    "\"Group\":{\"isRoot\":true,\"columns\":{"                                                      \
    "\"members\":{\"type\":{\"key\":{\"type\":\"uuid\",\"refTable\":\"Port\",\"refType\":\"weak\"}," \
    "\"min\":0,\"max\":\"unlimited\"}},"                                                            \
    "\"name\":{\"type\":\"string\"},"                                                               \
    "\"options\":{\"type\":{\"key\":\"string\",\"value\":\"string\",\"min\":0,\"max\":\"unlimited\"}}," \
    "\"parent\":{\"type\":{\"key\":{\"type\":\"uuid\",\"refTable\":\"Group\"},\"min\":0,\"max\":1}}}}," \
    "\"Port\":{\"isRoot\":true,\"indexes\":[[\"name\"]],\"columns\":{"                              \
    "\"group\":{\"type\":{\"key\":{\"type\":\"uuid\",\"refTable\":\"Group\"}}},"                    \
    "\"key\":{\"type\":{\"key\":{\"type\":\"integer\",\"minInteger\":0,\"maxInteger\":1000}}},"     \
    "\"name\":{\"type\":\"string\"},"                                                               \
    "\"tag\":{\"type\":{\"key\":\"integer\",\"min\":0,\"max\":1}}}}}}"

static inline struct uuid
uuid_of(uint32_t i)
{
    struct uuid uuid = UUID_ZERO;
    uuid.b[0] = 0xaa;
    uuid.b[12] = (uint8_t) (i >> 24);
    uuid.b[13] = (uint8_t) (i >> 16);
    uuid.b[14] = (uint8_t) (i >> 8);
    uuid.b[15] = (uint8_t) i;
    return uuid;
}

#endif
