/* A pusher's Procfile: what comes out goes into containers' names and commands. */

#include "builder/recipe/procfile.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = {0};
	cJSON *list, *process;

	if (procfile_parse((const char *)data, size, &list, &e) < 0) {
		if (!e.msg[0])
			abort();
		return 0;
	}
	cJSON_ArrayForEach(process, list)
	{
		const char *name =
			cJSON_GetStringValue(cJSON_GetObjectItem(process, "name"));
		const char *command =
			cJSON_GetStringValue(cJSON_GetObjectItem(process, "command"));

		if (!process_name_is_valid(name) || !*command || strchr(command, '\n'))
			abort();
	}
	cJSON_Delete(list);
	return 0;
}
