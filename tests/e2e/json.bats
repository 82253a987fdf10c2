#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031
# What docs/JSON.md promises: every verb that takes --format json prints one line of it, and
# no field that isn't written down there. The verbs come from the help, so that a new one
# can't be forgotten.

setup_file() {
	load lib
	server_start
	(
		export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
		new_app_repo shop
		deploy_version one
		deploy_version two
	)
	# Something for every list to tell of.
	export SHOP=shop-s$SLOT
	bardo domains:add "$SHOP" shop.example.org
	bardo certs:generate "$SHOP"
	bardo config:set --no-restart "$SHOP" KEY=value
	bardo storage:create "data-s$SLOT"
	bardo storage:mount "$SHOP" "data-s$SLOT:/data"
	bardo network:create "shared-s$SLOT"
	bardo network:set "$SHOP" attach-post-create "shared-s$SLOT"
	bardo resource:limit --memory 64m "$SHOP"
	bardo docker-options:add "$SHOP" deploy '--label a=b'
	bardo lives:stable "$SHOP"
	bardo acl:grant "$(bardo users:list --format json | jq -r '.[0].name')" "$SHOP" read
	bardo run:detached "$SHOP" sleep 100
}
teardown_file() {
	load lib
	bardo run:stop "shop-s$SLOT" || true
	bardo apps:destroy "shop-s$SLOT" --force
	bardo network:destroy "shared-s$SLOT" --force
	bardo storage:destroy "data-s$SLOT" --force
	server_remove
}
setup() {
	load lib
}

json_verbs() {
	bardo help --all --format json |
		jq -r '.[] | select(.arguments | contains("--format json")) | .verb'
}

# What a verb is about, where that isn't the app.
words_of() {
	case $1 in
	acl:list | apps:list | doctor | events | events:list | network:list | \
		storage:list-entries | users:list | ssh-keys:list) ;;
	help) echo lives ;;
	lives:info) echo "$SHOP 1" ;;
	lives:diff) echo "$SHOP 1 2" ;;
	lives:stable) echo "$SHOP --show" ;;
	network:info) echo "shared-s$SLOT" ;;
	storage:info) echo "data-s$SLOT" ;;
	*) echo "$SHOP" ;;
	esac
}

# The part of docs/JSON.md under the heading that names the verb.
section_of() {
	awk -v verb="$1" '
	/^## / {
		inside = index($0, "`" verb " ") || index($0, "`" verb "`")
	}
	inside' "$TOP/docs/JSON.md"
}

# An alias, or one of a list, is documented where the other is.
documented_as() {
	case $1 in
	config) echo config:show ;;
	events:list) echo events ;;
	lives:info) echo lives ;;
	*) echo "$1" ;;
	esac
}

# The fields of an object, or of each object of an array.
fields() {
	jq -r 'if type == "array" then .[] else . end | objects | keys[]' | sort -u |
		sed -E -e 's/^status-web-[0-9]+$/status-TYPE-N/' \
			-e 's/^resource-_default_.limit.cpu/resource-PROC.limit.cpu/' \
			-e 's/^resource-_default_/…/'
}

@test "every verb that takes --format json prints one line of JSON" {
	for verb in $(json_verbs); do
		status=0
		# shellcheck disable=SC2046
		output=$(ssh_bardo "$verb" $(words_of "$verb") --format json 2>/dev/null) || status=$?
		# doctor tells with 1 that something is out of order.
		[ "$status" = 0 ] || [ "$verb" = doctor ] || show "$verb"
		jq -e . <<<"$output" >/dev/null || show "$verb prints no JSON"
		[ "$verb" = events ] || [ "$verb" = events:list ] ||
			assert_equal "$verb: $(wc -l <<<"$output")" "$verb: 1"
	done
}

@test "every field is written down in docs/JSON.md" {
	missing=
	for verb in $(json_verbs); do
		section=$(section_of "$(documented_as "$verb")")
		if [ -z "$section" ]; then
			missing+="$verb has no section"$'\n'
			continue
		fi
		case $verb in
		config | config:show | config:export | config:keys | ps:scale) continue ;;
		esac
		# shellcheck disable=SC2046
		for field in $(ssh_bardo "$verb" $(words_of "$verb") --format json | fields); do
			grep -qF "\`$field\`" <<<"$section" ||
				missing+="$verb: $field"$'\n'
		done
	done
	assert_equal "$missing" ''
}
