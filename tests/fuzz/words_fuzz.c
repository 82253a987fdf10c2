/* The command line that an SSH client sends, each word of which may be a repository's
 * path. */

#include "config/base/words.h"
#include "config/names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_path(const char *word)
{
	char name[NAME_SIZE];

	if (!name_from_path(name, word, NULL) && !name_is_valid(name))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = malloc(size + 1);
	struct words w;
	size_t total = 0;

	if (!line)
		return 0;
	if (size)
		memcpy(line, data, size);
	line[size] = '\0';
	if (!words_split(&w, line, NULL)) {
		for (size_t i = 0; i < w.argc; i++) {
			total += strlen(w.argv[i]);
			check_path(w.argv[i]);
		}
		/* Quotes and blanks only ever go away. */
		if (total > strlen(line) || w.argv[w.argc])
			abort();
		words_finish(&w);
	}
	free(line);
	return 0;
}
