#include "config/base/log.h"

#include "config/base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LOG_LINE_MAX 2048

static const char *program = "bardo";
static int descriptor = STDERR_FILENO;

void log_to(int fd)
{
	descriptor = fd;
}

int log_descriptor(void)
{
	return descriptor;
}

void log_name(const char *name)
{
	program = name;
}

static void __attribute__((format(printf, 2, 0)))
log_line(const char *level, const char *fmt, va_list ap)
{
	char line[LOG_LINE_MAX];
	char when[CLOCK_TEXT_MAX];
	int n, m;

	clock_format(clock_unix_ms(), when);
	n = snprintf(
		line, sizeof(line), "%s %s[%d]: %s", when, program, (int)getpid(), level);
	m = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	n += m;
	if (n > (int)sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	/* A stranger's bytes may be in there: keep one message one line. */
	for (int i = 0; i < n; i++) {
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	}
	line[n++] = '\n';
	if (write(descriptor, line, (size_t)n) < 0)
		return;
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line("", fmt, ap);
	va_end(ap);
}

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line("warning: ", fmt, ap);
	va_end(ap);
}
