#ifndef BARDO_RECEIVER_FAMILIES_H
#define BARDO_RECEIVER_FAMILIES_H

struct err;
struct request;

/* What the table's rows run, by the file that holds them; see struct command for what
 * they give. */

/* acl.c */
int run_acl_grant(struct request *r, struct err *err);
int run_acl_list(struct request *r, struct err *err);
int run_acl_revoke(struct request *r, struct err *err);

/* apps.c */
int run_apps_create(struct request *r, struct err *err);
int run_apps_destroy(struct request *r, struct err *err);
int run_apps_exists(struct request *r, struct err *err);
int run_apps_list(struct request *r, struct err *err);

/* app_lock.c */
int run_apps_lock(struct request *r, struct err *err);
int run_apps_locked(struct request *r, struct err *err);
int run_apps_unlock(struct request *r, struct err *err);

/* app_names.c */
int run_apps_clone(struct request *r, struct err *err);
int run_apps_rename(struct request *r, struct err *err);

/* app_report.c */
int run_apps_report(struct request *r, struct err *err);
int run_apps_set(struct request *r, struct err *err);

/* certs.c */
int run_certs_add(struct request *r, struct err *err);
int run_certs_generate(struct request *r, struct err *err);
int run_certs_remove(struct request *r, struct err *err);
int run_certs_report(struct request *r, struct err *err);
int run_certs_set(struct request *r, struct err *err);
int run_certs_show(struct request *r, struct err *err);
int run_certs_watch(struct request *r, struct err *err);

/* builder.c */
int run_app_json_report(struct request *r, struct err *err);
int run_app_json_set(struct request *r, struct err *err);
int run_builder_report(struct request *r, struct err *err);
int run_builder_set(struct request *r, struct err *err);
int run_builder_dockerfile_report(struct request *r, struct err *err);
int run_builder_dockerfile_set(struct request *r, struct err *err);

/* config.c, config_change.c */
int run_config_show(struct request *r, struct err *err);
int run_config_bundle(struct request *r, struct err *err);
int run_config_export(struct request *r, struct err *err);
int run_config_get(struct request *r, struct err *err);
int run_config_keys(struct request *r, struct err *err);
int run_config_clear(struct request *r, struct err *err);
int run_config_import(struct request *r, struct err *err);
int run_config_set(struct request *r, struct err *err);
int run_config_unset(struct request *r, struct err *err);

/* doctor.c */
int run_doctor(struct request *r, struct err *err);

/* domains.c */
int run_domains_add(struct request *r, struct err *err);
int run_domains_add_global(struct request *r, struct err *err);
int run_domains_clear(struct request *r, struct err *err);
int run_domains_clear_global(struct request *r, struct err *err);
int run_domains_disable(struct request *r, struct err *err);
int run_domains_enable(struct request *r, struct err *err);
int run_domains_remove(struct request *r, struct err *err);
int run_domains_remove_global(struct request *r, struct err *err);
int run_domains_report(struct request *r, struct err *err);
int run_domains_set(struct request *r, struct err *err);
int run_domains_set_global(struct request *r, struct err *err);

/* enter.c */
int run_enter(struct request *r, struct err *err);
/* docker_options.c */
int run_docker_options_add(struct request *r, struct err *err);
int run_docker_options_clear(struct request *r, struct err *err);
int run_docker_options_set(struct request *r, struct err *err);
int run_docker_options_list(struct request *r, struct err *err);
int run_docker_options_remove(struct request *r, struct err *err);
int run_docker_options_report(struct request *r, struct err *err);

/* events.c */
int run_events(struct request *r, struct err *err);
int run_events_refused(struct request *r, struct err *err);

/* checks.c */
int run_checks_disable(struct request *r, struct err *err);
int run_checks_enable(struct request *r, struct err *err);
int run_checks_report(struct request *r, struct err *err);
int run_checks_run(struct request *r, struct err *err);
int run_checks_set(struct request *r, struct err *err);
int run_checks_skip(struct request *r, struct err *err);

/* git.c */
int run_receive_pack(struct request *r, struct err *err);
int run_upload_pack(struct request *r, struct err *err);

/* git_set.c */
int run_git_report(struct request *r, struct err *err);
int run_git_set(struct request *r, struct err *err);

/* help.c */
int run_help(struct request *r, struct err *err);
int run_version(struct request *r, struct err *err);

/* lives.c */
int run_lives(struct request *r, struct err *err);
int run_lives_info(struct request *r, struct err *err);
int run_lives_log(struct request *r, struct err *err);

/* maintenance.c */
int run_maintenance_custom_page(struct request *r, struct err *err);
int run_maintenance_disable(struct request *r, struct err *err);
int run_maintenance_enable(struct request *r, struct err *err);
int run_maintenance_report(struct request *r, struct err *err);

/* passages.c */
int run_lives_revive(struct request *r, struct err *err);

/* life_diff.c */
int run_lives_diff(struct request *r, struct err *err);

/* stable.c */
int run_lives_stable(struct request *r, struct err *err);

/* logs.c */
int run_logs(struct request *r, struct err *err);
int run_logs_failed(struct request *r, struct err *err);
int run_logs_report(struct request *r, struct err *err);
int run_logs_set(struct request *r, struct err *err);

/* network.c */
int run_network_create(struct request *r, struct err *err);
int run_network_destroy(struct request *r, struct err *err);
int run_network_exists(struct request *r, struct err *err);
int run_network_info(struct request *r, struct err *err);
int run_network_list(struct request *r, struct err *err);
int run_network_rebuild(struct request *r, struct err *err);
int run_network_rebuildall(struct request *r, struct err *err);
int run_network_report(struct request *r, struct err *err);
int run_network_set(struct request *r, struct err *err);

/* ports.c */
int run_ports_add(struct request *r, struct err *err);
int run_ports_clear(struct request *r, struct err *err);
int run_ports_list(struct request *r, struct err *err);
int run_ports_remove(struct request *r, struct err *err);
int run_ports_report(struct request *r, struct err *err);
int run_ports_set(struct request *r, struct err *err);

/* resource.c */
int run_resource_limit(struct request *r, struct err *err);
int run_resource_limit_clear(struct request *r, struct err *err);
int run_resource_report(struct request *r, struct err *err);
int run_resource_reserve(struct request *r, struct err *err);
int run_resource_reserve_clear(struct request *r, struct err *err);

/* run.c */
int run_run(struct request *r, struct err *err);
int run_run_detached(struct request *r, struct err *err);
int run_run_list(struct request *r, struct err *err);
int run_run_logs(struct request *r, struct err *err);
int run_run_stop(struct request *r, struct err *err);
int run_run_tend(struct request *r, struct err *err);

/* ssh_keys.c */
int run_ssh_keys_add(struct request *r, struct err *err);
int run_ssh_keys_list(struct request *r, struct err *err);
int run_ssh_keys_remove(struct request *r, struct err *err);
int run_ssh_keys_verify(struct request *r, struct err *err);

/* users.c */
int run_users_add(struct request *r, struct err *err);
int run_users_list(struct request *r, struct err *err);
int run_users_remove(struct request *r, struct err *err);
int run_users_set(struct request *r, struct err *err);

/* storage.c */
int run_storage_list(struct request *r, struct err *err);
int run_storage_mount(struct request *r, struct err *err);
int run_storage_report(struct request *r, struct err *err);
int run_storage_unmount(struct request *r, struct err *err);

/* storage_volumes.c */
int run_storage_create(struct request *r, struct err *err);
int run_storage_ensure_directory(struct request *r, struct err *err);
int run_storage_destroy(struct request *r, struct err *err);
int run_storage_info(struct request *r, struct err *err);
int run_storage_list_entries(struct request *r, struct err *err);

/* upkeep.c */
int run_settings(struct request *r, struct err *err);
int run_reconcile(struct request *r, struct err *err);
int run_lives_settle(struct request *r, struct err *err);

/* welcome.c */
int run_welcome(struct request *r, struct err *err);

/* proxy.c */
int run_proxy_build_config(struct request *r, struct err *err);
int run_proxy_disable(struct request *r, struct err *err);
int run_proxy_enable(struct request *r, struct err *err);
int run_proxy_report(struct request *r, struct err *err);
int run_proxy_set(struct request *r, struct err *err);

/* ps.c, ps_change.c, ps_scale.c */
int run_ps_inspect(struct request *r, struct err *err);
int run_ps_rebuild(struct request *r, struct err *err);
int run_ps_report(struct request *r, struct err *err);
int run_ps_restore(struct request *r, struct err *err);
int run_ps_restart(struct request *r, struct err *err);
int run_ps_scale(struct request *r, struct err *err);
int run_ps_set(struct request *r, struct err *err);
int run_ps_start(struct request *r, struct err *err);
int run_ps_stop(struct request *r, struct err *err);

#endif
