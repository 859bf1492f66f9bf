/* The annotated functions. */

#include "tracepoints.h"

#include <inttypes.h>
#include <lttng/tracef.h>

/* What the harness does with `black_box`. */
static inline uint64_t opaque(uint64_t x)
{
	__asm__ volatile("" : "+r"(x) : : "memory");
	return x;
}

uint64_t peer_region(uint64_t x)
{
	lttng_ust_tracepoint(peer, region_begin);
	x = opaque(x);
	lttng_ust_tracepoint(peer, region_end);
	return x;
}

uint64_t peer_region_with_integer(uint64_t x)
{
	lttng_ust_tracepoint(peer, region_begin_with_integer, x);
	x = opaque(x);
	lttng_ust_tracepoint(peer, region_end);
	return x;
}

uint64_t peer_log(uint64_t x)
{
	lttng_ust_tracef("value %" PRIu64, x);
	return opaque(x);
}
