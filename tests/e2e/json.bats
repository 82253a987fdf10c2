#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031
# What is promised of every verb. docs/JSON.md: each that takes --format json prints one line
# of it, and no field that isn't written down there; --quiet leaves headings out, and --app
# names the app. The verbs come from the help, so that a new one can't be forgotten.

setup_file() {
	load lib
	server_start
	(
		export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
		new_app_repo shop
		deploy_version one
		# Commits, tags and the names of keys may be in any encoding.
		echo two >www/index.html
		git -c i18n.commitEncoding=iso-8859-1 commit -qam $'caf\xe9 \e[31m'
		git tag $'v-caf\xe9'
		push main --tags
		ssh-keygen -q -t ed25519 -N '' -C $'caf\xe9 \e[31m' -f "$CLIENT/latin"
		bardo ssh-keys:add admin <"$CLIENT/latin.pub"
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
	acl:list | apps:list | doctor | events | events:list | network:list | settings | \
		storage:list-entries | users:list | ssh-keys:list) ;;
	help) echo lives ;;
	docker-options:list) echo "$SHOP --phase deploy" ;;
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
	jq -r 'if type == "array" then .[] else . end | objects | keys | . as $all | .[] |
		select(. as $k | any($all[]; endswith("-" + $k)) | not)' | sort -u |
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
		iconv -f utf-8 -t utf-8 <<<"$output" >/dev/null || show "$verb is no UTF-8"
		[ "$verb" = events ] || [ "$verb" = events:list ] ||
			assert_equal "$verb: $(wc -l <<<"$output")" "$verb: 1"
	done
}

@test "what others wrote sends nothing to a terminal" {
	for words in ssh-keys:list "lives:diff $SHOP 1 2"; do
		# shellcheck disable=SC2086
		output=$(ssh_bardo $words)
		grep -q 'caf' <<<"$output" || show "$words"
		! grep -q $'\e' <<<"$output" || show "$words"
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
		config | config:show | config:export | config:keys | docker-options:list | ps:scale | settings) continue ;;
		esac
		# shellcheck disable=SC2046
		for field in $(ssh_bardo "$verb" $(words_of "$verb") --format json | fields); do
			grep -qF "\`$field\`" <<<"$section" ||
				missing+="$verb: $field"$'\n'
		done
	done
	assert_equal "$missing" ''
}

# Verbs that only show something: those of an app, or of nothing.
reading_verbs() { # JQ-CONDITION
	bardo help --all --format json |
		jq -r ".[] | select((.changes | not) and ($1)) | .verb" |
		grep -vxE 'config:bundle|config:get|checks:run|run:logs|enter|help|network:exists'
}
more_words() {
	case $1 in
	certs:show) echo crt ;;
	*) ;;
	esac
}
# What differs from one moment to the next.
without_times() {
	sed -E 's/ +[0-9].* ago$|[0-9.]+ ms//'
}

@test "with --quiet no verb that shows something prints a heading" {
	for verb in $(reading_verbs true); do
		# shellcheck disable=SC2046
		run bardo --quiet "$verb" $(words_of "$verb") $(more_words "$verb")
		# What a deploy printed is what it printed.
		[ "$verb" = lives:log ] || refute_output '^(=====>|----->)' || show "$verb"
	done
	run bardo --quiet lives "$SHOP"
	refute_output LIFE
	run bardo --quiet apps:create "hush-s$SLOT"
	assert_equal "$status$output" 0
	run bardo apps:destroy "hush-s$SLOT" --force --quiet
	assert_equal "$status$output" 0
}

@test "--app names the app of every verb that has one, before the verb or behind it" {
	for verb in $(reading_verbs '.arguments | test("^\\[?APP")'); do
		# shellcheck disable=SC2046
		wanted=$(bardo "$verb" "$SHOP" $(more_words "$verb") 2>&1 | without_times)
		# shellcheck disable=SC2046
		behind=$(bardo "$verb" --app "$SHOP" $(more_words "$verb") 2>&1 | without_times)
		# shellcheck disable=SC2046
		before=$(bardo --app "$SHOP" "$verb" $(more_words "$verb") 2>&1 | without_times)
		assert_equal "$behind" "$wanted"
		assert_equal "$before" "$wanted"
	done
}

@test "every list, info and report takes --format json" {
	# (What is plain text, or JSON anyway.)
	run jq -r '.[] | select(.changes | not) | select(.verb |
		test(":(list|info|report|keys|diff)$") or . == "lives" or . == "events") |
		select(.arguments | contains("--format json") | not) | .verb' \
		<<<"$(bardo help --all --format json)"
	assert_equal "$output" ''
}

@test "every report has --global, and its keys with the family's name and without it" {
	for verb in $(reading_verbs '.verb | endswith(":report")'); do
		run bardo "$verb" --global --format json
		assert_success
		jq -e type <<<"$output" >/dev/null || show "$verb --global"
	done
	run bardo ps:report --global --ps-computed-restart-policy
	assert_equal "$output" unless-stopped
	run bardo network:report "$SHOP" --format json
	assert_equal "$(jq '."network-own" == .own' <<<"$output")" true
	run bardo ps:report "$SHOP" --procfile-path
	assert_success
	run bardo ps:report "$SHOP" --global
	assert_status 2
}
