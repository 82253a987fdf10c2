#include "config/base/err.h"
#include "config/settings.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	(void)argc; (void)argv;
	return 0;
}
