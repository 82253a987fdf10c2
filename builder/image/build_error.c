#include "builder/image/build_error.h"

#include "config/base/number.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define EXIT_CODE_MAX 255

/* What BuildKit and the classic builder put before the reason, outermost first. */
static const char *const inner_parts[] = {
	"failed to solve with frontend dockerfile.v0: ",
	"failed to solve with frontend gateway.v0: ",
	"failed to solve: ",
	"rpc error: code = Unknown desc = ",
	"failed to create LLB definition: ",
	"failed to compute cache key: ",
	"failed to create shim task: ",
	"OCI runtime create failed: ",
	"runc create failed: ",
	"unable to start container process: ",
};

static const struct {
	const char *word;
	const char *advice;
} advices[] = {
	{"no such host", "can the server reach that registry?"},
	{"connection refused", "can the server reach that registry?"},
	{"i/o timeout", "can the server reach that registry?"},
	{"no active session", "pull the image on the server first: docker pull"},
	{"pull access denied", "is the image's name right?"},
	{"not found: not found", "is it in the commit, and not in .dockerignore?"},
	{"file does not exist", "is it in the commit, and not in .dockerignore?"},
	{"failed to calculate checksum",
		"is it in the commit, and not in .dockerignore?"},
};

int build_error_exit_code(const char *message)
{
	static const char *const words[] = {
		"exit code: ", "non-zero code: ", "exit status "};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *at = strstr(message, words[i]);
		char digits[8] = "";
		int64_t code;
		size_t n;

		if (!at)
			continue;
		at += strlen(words[i]);
		n = strspn(at, "0123456789");
		if (n >= sizeof(digits))
			continue;
		memcpy(digits, at, n);
		if (number_parse(digits, 1, EXIT_CODE_MAX, &code) == 0)
			return (int)code;
	}
	return 0;
}

bool build_error_is_canceled(const char *message)
{
	return strstr(message, "context canceled") != NULL;
}

bool build_error_is_disk_full(const char *text, size_t len)
{
	static const char words[] = "no space left on device";
	size_t n = strlen(words);

	for (size_t i = 0; i + n <= len; i++) {
		if (tolower((unsigned char)text[i]) == 'n' &&
			!strncasecmp(text + i, words, n))
			return true;
	}
	return false;
}

static const char *without_inner_parts(const char *message)
{
	const char *checksum = "failed to calculate checksum of ref ";
	const char *podman = "building at STEP \"", *end;

	for (size_t i = 0; i < sizeof(inner_parts) / sizeof(inner_parts[0]); i++) {
		size_t n = strlen(inner_parts[i]);

		if (!strncmp(message, inner_parts[i], n))
			message += n;
	}
	/* "… of ref abc::def: "/nope": not found" */
	end = strncmp(message, checksum, strlen(checksum)) ? NULL : strstr(message, ": ");
	if (!end && !strncmp(message, podman, strlen(podman)))
		end = strstr(message, "\": ") ? strstr(message, "\": ") + 1 : NULL;
	return end ? end + 2 : message;
}

/* "/nope" not found: not found: once is enough. */
static size_t without_echo(const char *text, size_t len)
{
	static const char echo[] = " not found: not found";
	size_t n = strlen(echo);

	if (len > n && !strncmp(text + len - n, echo, n))
		return len - strlen(": not found");
	return len;
}

char *build_error_tidy(const char *message, char *out, size_t size)
{
	const char *text = without_inner_parts(message);
	size_t len = without_echo(text, strcspn(text, "\r\n"));
	const char *advice = NULL;

	if (build_error_is_disk_full(message, strlen(message))) {
		(void)snprintf(out, size,
			"no space left on the server's disk; make room there, then push "
			"again (docker system df shows what takes it)");
		return out;
	}
	for (size_t i = 0; !advice && i < sizeof(advices) / sizeof(advices[0]); i++) {
		if (strstr(message, advices[i].word))
			advice = advices[i].advice;
	}
	/* Leave room for the advice: it matters more than the end of a long reason. */
	if (len > size / 2)
		len = size / 2;
	(void)snprintf(out, size, "%.*s%s%s", (int)len, text, advice ? "; " : "",
		advice ? advice : "");
	return out;
}
