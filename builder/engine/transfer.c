#include "builder/engine/private.h"

#include "config/base/clock.h"
#include "config/base/err.h"

static int run(struct engine *e, struct engine_end *end, const struct engine_wait *w,
	struct err *err)
{
	int64_t until = clock_monotonic_ms() + w->timeout;

	for (;;) {
		int64_t left;
		int next, rc = engine_look(e, end, &next, err);

		if (rc || end->is_over)
			return rc;
		left = until - clock_monotonic_ms();
		if (w->timeout && left <= 0)
			return err_set(err, ERR_BUSY, "it took too long");
		if (w->timeout && left < next)
			next = (int)left;
		(void)curl_multi_poll(e->multi, NULL, 0, next, NULL);
	}
}

int engine_transfer(
	struct engine *e, CURL *easy, const struct engine_wait *w, struct err *err)
{
	struct engine_end end = {.easy = easy};
	long os_error = 0;
	int rc;

	engine_begin_to_listen(e);
	if (curl_multi_add_handle(e->multi, easy) != CURLM_OK)
		return err_set(err, ERR_FAILED, "out of memory");
	rc = run(e, &end, w, err);
	(void)curl_multi_remove_handle(e->multi, easy);
	if (rc)
		return rc;
	if (end.result == CURLE_WRITE_ERROR || end.result == CURLE_ABORTED_BY_CALLBACK)
		return err_set(err, ERR_FAILED, "it was given up");
	if (end.result != CURLE_OK) {
		(void)curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_error);
		return engine_curl_error(e, end.result, os_error, w->what, err);
	}
	return 0;
}
