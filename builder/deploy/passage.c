#include "builder/deploy/passage.h"

#include "builder/mask.h"
#include "builder/say.h"
#include "builder/secrets.h"
#include "builder/server.h"

int passage_mask(struct passage *p, struct err *err)
{
	struct mask *mask;
	int rc = secrets_mask(p->server, p->app->id, &mask, err);

	if (rc)
		return rc;
	mask_destroy(p->mask);
	p->say->mask = p->mask = mask;
	return 0;
}
