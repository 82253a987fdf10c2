#!/usr/bin/env bats
# Who may what: every verb of the table, asked for by every kind of user, over real ssh. The
# table itself says what a verb needs (help --format json), so that no verb is left out; a
# new one only needs words that get as far as its check of the role (words_of).

ROLES='nobody reader deployer owner creator ci admin'

setup_file() {
	load lib
	server_start
	local role
	for role in $ROLES; do
		make_role "$role"
	done
	# The deploy-only key is a second one of somebody who may deploy.
	ssh_bardo acl:grant ci "m-ci-s$SLOT" deploy
	ssh_bardo ssh-keys:remove ci
	ssh_bardo ssh-keys:add ci --deploy-only <"$CLIENT/ci.pub"
	ssh_bardo acl:grant reader "m-reader-s$SLOT" read
	ssh_bardo acl:grant deployer "m-deployer-s$SLOT" deploy
	ssh_bardo acl:grant owner "m-owner-s$SLOT" owner
	ssh_bardo users:set creator create true
	ssh_bardo apps:create "taken-s$SLOT"
	ssh_bardo help --all --format json >"$SERVER/table.json"
	ask_everything
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
}

make_role() {
	ssh_bardo apps:create "m-$1-s$SLOT"
	if [ "$1" = admin ]; then return; fi
	new_key "$1"
	ssh_bardo users:add "$1"
	ssh_bardo ssh-keys:add "$1" <"$CLIENT/$1.pub"
}
key_of() {
	if [ "$1" = admin ]; then echo "$CLIENT/key"; else echo "$CLIENT/$1"; fi
}

# words_of VERB ARGUMENTS: harmless words for a verb, which get as far as the check of the
# role and, after that, are mostly wrong. @APP and @ROLE stand for the asker's.
words_of() {
	local word
	case $1 in
	'') ;;
	ssh-keys:add | ssh-keys:list) echo @ROLE ;;
	ssh-keys:remove) echo --fingerprint SHA256:nobodys ;;
	users:set) echo nobody-there admin false ;;
	events | events:list) echo --app @APP ;;
	docker-options:list) echo @APP --phase deploy ;;
	lives:stable) echo @APP --show ;;
	*)
		# What is in brackets is left out, but for an app; of several forms the first is
		# taken, and of each A|B the A.
		sed -E -e 's/^\[APP/APP [/; s/^\[APP\]/APP/' \
			-e ':a; s/\[[^][]*\]//; ta' -e 's/ \| .*//' <<<"$2" | tr ' ' '\n' |
			while read -r word; do
				word=${word%%|*}
				word=${word%,…}
				case $word in
				'' | …) ;;
				APP | OLD) echo @APP ;;
				NEW) echo "taken-s$SLOT" ;;
				N) echo 999999 ;;
				*=*) echo KEY=value ;;
				ROLE) echo read ;;
				DOMAIN) echo matrix.example.org ;;
				*[A-Z]*) echo "x-@ROLE-s$SLOT" ;;
				*) echo "$word" ;;
				esac
			done | tr '\n' ' '
		;;
	esac
}

# A line for each verb: its name, and its words.
write_questions() {
	local verb arguments
	while IFS=$'\t' read -r verb arguments; do
		printf '%s\t%s\n' "$verb" "$(words_of "$verb" "$arguments")"
	done < <(jq -r '.[] | "\(.verb)\t\(.arguments)"' "$SERVER/table.json") \
		>"$SERVER/questions"
}

# Asks for every verb as one user, over one connection: lines of "VERB STATUS", and what
# was said in a file for each. With a SUFFIX, for a second round, only what names an app.
ask_all() { # ROLE APP SUFFIX
	local role=$1 app=$2 to=$SERVER/said-$1$3 control=$SERVER/c-$1$3 verb words status
	mkdir "$to"
	KEY=$(key_of "$role") ssh_bardo -M -S "$control" -N -f </dev/null >/dev/null 2>&1 3>&-
	while IFS= read -r line; do
		verb=${line%%$'\t'*} words=${line#*$'\t'}
		if [ "$3" ] && [[ $words != *@APP* ]]; then continue; fi
		words=${words//@APP/$app}
		status=0
		# shellcheck disable=SC2086
		ssh -S "$control" 127.0.0.1 "$verb" ${words//@ROLE/$role} \
			</dev/null >"$to/_$verb" 2>&1 3>&- || status=$?
		echo "$verb $status"
	done <"$SERVER/questions" >"$to.statuses"
	ssh -S "$control" -O exit 127.0.0.1 2>/dev/null
}

ask_everything() {
	local role pids=()
	write_questions
	for role in $ROLES; do
		ask_all "$role" "m-$role-s$SLOT" '' &
		pids+=($!)
	done
	ask_all nobody "missing-s$SLOT" -missing &
	wait "${pids[@]}" $!
}

# What needs another right besides: to make apps (clone, rename), to become root by way of
# docker, or to own the app that a volume is of.
NEED_MORE='apps:clone
apps:rename
docker-options:add
docker-options:clear
docker-options:remove
docker-options:set
storage:create
storage:destroy
storage:info'

# The verbs that a role may use, as the table's needs say; of an app that it names.
allowed_for() { # NEED ...
	needing "$@" | grep -vxF "$NEED_MORE"
}
needing() {
	jq -r '.[] | select(.needs as $n | $ARGS.positional | index($n)) | .verb' \
		"$SERVER/table.json" --args "$@"
}
# Verbs that need a role for an app but name none: they show what the user may see.
about_no_app() {
	jq -r '.[] | select((.needs | IN("read", "deploy", "owner")) and
		(.arguments | test("APP|OLD") | not)) | .verb' "$SERVER/table.json"
}

# Refused is 3 and nothing else; allowed is anything but 3 and a broken connection.
assert_exactly() { # ROLE: the verbs on standard input are allowed, and no others
	local role=$1 verb status wrong=''
	declare -A may
	while IFS= read -r verb; do may[_$verb]=1; done
	# For bardod it needs nothing, before there is a database; people must be admins.
	if [ "$role" = admin ]; then may[_settings]=1; else unset 'may[_settings]'; fi
	while IFS= read -r line; do
		verb=${line% *} status=${line##* }
		case ${may[_$verb]:-0}$status in
		13) wrong+="$role is refused $verb, and should not be"$'\n' ;;
		1255) wrong+="$role gets no answer for $verb"$'\n' ;;
		03 | 1*) ;;
		*) wrong+="$role is not refused $verb (status $status; are words_of right?): $(head -c 200 "$SERVER/said-$role/_$verb")"$'\n' ;;
		esac
	done <"$SERVER/said-$role.statuses"
	assert_equal "$(wc -l <"$SERVER/said-$role.statuses")" "$(jq length "$SERVER/table.json")"
	assert_equal "$wrong" ''
}

@test "who has no role gets lists of their own, help, and their own keys" {
	assert_exactly nobody < <(
		allowed_for nothing user
		about_no_app
	)
}

@test "read sees an app" {
	assert_exactly reader < <(
		allowed_for nothing user read
		about_no_app
	)
}

@test "deploy also deploys it" {
	assert_exactly deployer < <(
		allowed_for nothing user read deploy
		about_no_app
	)
}

@test "owner does everything with it, and nothing with the server" {
	assert_exactly owner < <(
		allowed_for nothing user read deploy owner
		about_no_app
	)
}

@test "who may make apps does that, and nothing with those of others" {
	assert_exactly creator < <(
		allowed_for nothing user create
		about_no_app
	)
}

@test "a deploy-only key pushes" {
	assert_exactly ci <<<git-receive-pack
}

@test "a server admin does everything but what is bardod's" {
	assert_exactly admin < <(needing nothing user read deploy owner create admin)
}

@test "for who has no role, an app that is there and one that isn't are told alike" {
	local verb
	while IFS=' ' read -r verb _; do
		assert_equal "$(sed "s/m-nobody-s$SLOT/NAME/g" "$SERVER/said-nobody/_$verb")" \
			"$(sed "s/missing-s$SLOT/NAME/g" "$SERVER/said-nobody-missing/_$verb")"
	done <"$SERVER/said-nobody-missing.statuses"
	assert_equal "$(grep -vxFf "$SERVER/said-nobody.statuses" \
		"$SERVER/said-nobody-missing.statuses")" ''
}
