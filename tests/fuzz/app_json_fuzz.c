/* A pusher's app.json and bardo.json. */

#include "builder/recipe/app_json.h"
#include "builder/recipe/bardo_json.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = {0};
	cJSON *out = NULL;

	if (app_json_parse((const char *)data, size, &out, &e) < 0 && !e.msg[0])
		abort();
	cJSON_Delete(out);
	out = NULL;
	e = (struct err){0};
	if (bardo_json_parse((const char *)data, size, "a", &out, &e) < 0 && !e.msg[0])
		abort();
	cJSON_Delete(out);
	return 0;
}
