/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "controller/meters.h"

#include <string.h>

#include "controller/flows.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

LOG_MODULE(meters);

static uint32_t
emit(struct derive *d, const struct of_meter *meter, const char *name)
{
    uint32_t id = emit_of_meter(d, meter, name);
    if (!id) {
        log_warn_rl("no meter id is left for %s", *name ? name : "set_meter");
    }
    return id;
}

/* Of several bands the tightest counts: each drops what exceeds its rate. */
static bool
tightest_band(struct derive *d, const struct sb_meter *row, struct of_meter *meter)
{
    const struct datum *bands = sb_meter_bands(d, row);
    for (uint32_t i = 0; i < bands->n; i++) {
        const struct sb_meter_band *band = sb_meter_band_by_uuid(d, controller_of(d)->sb, &datum_keys(bands)[i].uuid);
        uint32_t rate = band ? (uint32_t) sb_meter_band_rate(d, band) : 0;
        if (band && (!meter->has_band || rate < meter->rate)) {
            meter->has_band = true;
            meter->rate = rate;
            meter->burst = (uint32_t) sb_meter_band_burst_size(d, band);
        }
    }
    return meter->has_band;
}

uint32_t
named_meter(struct derive *d, struct str name)
{
    const struct controller *c = controller_of(d);
    const char *text = arena_memdup0(run_arena(d), name.s, name.n);
    const struct row *row = replica_find_string(d, c->sb, c->indexes[IX_METER_BY_NAME], text);
    struct of_meter meter = {.flags = OFPMF_STATS};

    if (!row || !tightest_band(d, sb_meter(row), &meter)) {
        return 0;
    }
    meter.flags |= !strcmp(sb_meter_unit(d, sb_meter(row)), "kbps") ? OFPMF_KBPS : OFPMF_PKTPS;
    meter.flags |= meter.burst ? OFPMF_BURST : 0;
    return emit(d, &meter, text);
}

uint32_t
rate_meter(struct derive *d, uint32_t rate_kbps, uint32_t burst_kb)
{
    const struct of_meter meter = {.flags = (uint16_t) (OFPMF_STATS | OFPMF_KBPS | (burst_kb ? OFPMF_BURST : 0)),
                                   .has_band = true, .rate = rate_kbps, .burst = burst_kb};
    return emit(d, &meter, "");
}
