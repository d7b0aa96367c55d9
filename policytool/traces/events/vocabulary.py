# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of classes and permissions, to tell whether a line was broken or cut within one.

They decide where a record was torn apart and nothing else: a name that is not here is as good in a log. They are
those of refpolicy's all_perms.spt, and some that newer kernels, Android and PostgreSQL have besides.
"""

from __future__ import annotations

_CLASSES = """
alg_socket anon_inode appletalk_socket association atmpvc_socket atmsvc_socket ax25_socket binder blk_file
bluetooth_socket bpf caif_socket can_socket cap2_userns cap_userns capability capability2 chr_file colormap
context cron cursor db_blob db_column db_database db_datatype db_exception db_language db_procedure db_schema
db_sequence db_table db_tuple db_view dbus dccp_socket debuggerd decnet_socket diced dir drawable drmservice fd
fifo_file file filesystem font gc hwservice_manager ib_socket icmp_socket ieee802154_socket infiniband_endport
infiniband_pkey io_uring ipc ipx_socket irda_socket isdn_socket iucv_socket kcm_socket kernel_service key
key_socket keystore2 keystore2_key keystore_key llc_socket lnk_file lockdown mctp_socket memfd_file memprotect
mpls_socket msg msgq netif netlink_audit_socket netlink_connector_socket netlink_crypto_socket
netlink_dnrt_socket netlink_fib_lookup_socket netlink_firewall_socket netlink_generic_socket
netlink_ip6fw_socket netlink_iscsi_socket netlink_kobject_uevent_socket netlink_netfilter_socket
netlink_nflog_socket netlink_rdma_socket netlink_route_socket netlink_scsitransport_socket
netlink_selinux_socket netlink_socket netlink_tcpdiag_socket netlink_xfrm_socket netrom_socket nfc_socket node
nscd obsolete_netlink_firewall_socket obsolete_netlink_ip6fw_socket packet packet_socket passwd peer perf_event
phonet_socket pppox_socket process process2 property property_service proxy qipcrtr_socket rawip_socket
rds_socket rose_socket rxrpc_socket sctp_socket security security_class sem service service_manager shm
smc_socket sock_file socket system tcp_socket tipc_socket tun_socket udp_socket unix_dgram_socket
unix_stream_socket user_namespace virtualizationservice vsock_socket window x25_socket x_application
x_application_data x_client x_colormap x_cursor x_device x_drawable x_event x_extension x_font x_gc x_keyboard
x_pointer x_property x_resource x_screen x_selection x_server x_synthetic_event xclient xdp_socket xextension
xinput xserver zygote
"""
CLASSES = frozenset(_CLASSES.split())

_PERMISSIONS = """
accept acceptfrom access acquire_svc add add_child add_color add_glyph add_name admin allowed append associate
association attach_queue audit_access audit_control audit_read audit_write bell bind blend block_suspend bpf
call check_context checkpoint_restore chfn chown chsh cmd compute_av compute_create compute_member
compute_relabel compute_user confidentiality connect connectto contains copy cpu create create_files_as crontab
dac_override dac_read_search dccp_recv dccp_send debug delete destroy disable drop dyntransition egress enable
enforce_dest enqueue entrypoint epolwakeup execheap execmem execmod execstack execute execute_no_trans expand
export find firmware_load flow_in flow_out force_cursor fork forward_in forward_out fowner freeze fsetid get
get_param get_property get_value getattr getcap getfocus getgrp gethost getopt getpgid getpwd getrlimit getsched
getserv getsession getstat grab halt hide hide_cursor impersonate implement import ingress insert install
install_module integrity ioctl ipc_info ipc_lock ipc_owner kernel kexec_image_load kexec_initramfs_load kill
lease link linux_immutable list list_child list_property listen load_module load_policy lock mac_admin
mac_override manage manage_subnet map map_create map_read map_write mknod mmap_zero module_load module_request
mount mounton name_bind name_connect net_admin net_bind_service net_broadcast net_raw newconn next_value nlmsg
nlmsg_read nlmsg_readpriv nlmsg_relay nlmsg_tty_audit nlmsg_write nnp_transition noatsecure node_bind
nosuid_transition open override override_creds passwd paste paste_after_confirm perfmon policy_load polmatch
prog_load prog_run ptrace query quotaget quotamod quotaon rawip_recv rawip_send read read_policy reboot receive
record recv recv_msg recvfrom relabel relabelfrom relabelto reload remount remove remove_child remove_color
remove_glyph remove_name rename reparent rlimitinh rmdir rootok saver_getattr saver_hide saver_setattr
saver_show search select send send_msg sendto set set_context_mgr set_param set_property set_value setattr
setbool setcap setcheckreqprot setcontext setcurrent setenforce setexec setfcap setfocus setfscreate setgid
setkeycreate setopt setpcap setpgid setrlimit setsched setsecparam setsockcreate setuid share shmemgrp shmemhost
shmempwd shmemserv show show_cursor shutdown sigchld siginh sigkill signal signull sigstop sqpoll start status
stop swapon sys_admin sys_boot sys_chroot sys_module sys_nice sys_pacct sys_ptrace sys_rawio sys_resource
sys_time sys_tty_config syslog syslog_console syslog_mod syslog_read tcp_recv tcp_send tracepoint transfer
transition translate udp_recv udp_send undefined uninstall unix_read unix_write unlink unmount
update use use_as_override userns_create validate_trans view wake_alarm watch watch_mount watch_reads watch_sb
watch_with_perm write x509_certificate_load
"""
PERMISSIONS = frozenset(_PERMISSIONS.split())

_BEGINNINGS = ("type=", "avc:", "node=", "host=", "audit", "kernel")


def is_cut_class(name: str) -> bool:
    """Say whether NAME is no class that is known, but the beginning of one."""
    return name not in CLASSES and any(tclass.startswith(name) for tclass in CLASSES)


def has_run_on(name: str) -> bool:
    """Say whether NAME, which is no class that is known, seems to be one and what followed it on the line."""
    if not name.islower() or any(name.startswith(tclass) and "_" not in name[len(tclass) :] for tclass in CLASSES):
        return True
    # A class that was cut short, and the beginning of a record.
    cuts = (
        place
        for place in range(3, len(name))
        if any(beginning.startswith(name[place:]) for beginning in _BEGINNINGS)
    )
    return any(is_cut_class(name[:place]) for place in cuts)
