# SPDX-License-Identifier: GPL-2.0-or-later
# Networks, filters, secrets, containers, locks, logs and devices, one after the other in one boot. Written without regard
# to the other scenarios, as a workload that the modules had not seen.
. /mnt/steps
# The script's own tools stay in the script's domain.
own() { runcon "$(cat /proc/self/attr/current)" "$@"; }
URI=qemu:///system
export LIBVIRT_DEFAULT_URI=$URI
D=~root/strange
mkdir -p $D /srv/tftp /var/lib/libvirt/strange-locks /srv/web/htdocs /srv/vm /home/karl/files /opt/tools
chown -R 1000:1000 /home/karl
restorecon -R /srv /opt /home /root /var/lib/libvirt/strange-locks
chcon -R -t virt_image_t /srv/vm
modprobe dummy 2>/dev/null
ip link add strange0 type dummy; ip link set strange0 up
ip link add strange1 type dummy; ip link set strange1 up
ip link add brhand type bridge; ip link set brhand up

cat >$D/netz.xml <<X
<network ipv6='yes'><name>büro netz</name><title>das Netz</title><forward mode='nat' dev='strange0'/>
<bridge name='virbr-netz' stp='off' zone=''/><mtu size='1400'/><domain name='buero.invalid' localOnly='yes'/>
<dns><txt name='hinweis' value='etwas Text'/><host ip='10.77.0.9'><hostname>neun</hostname></host></dns>
<bandwidth><inbound average='1000' peak='5000' burst='5120'/><outbound average='1000'/></bandwidth>
<ip address='10.77.0.1' netmask='255.255.255.0'><dhcp><range start='10.77.0.10' end='10.77.0.40'/><bootp file='start.0' server='10.77.0.1'/></dhcp></ip>
<ip family='ipv6' address='fd77::1' prefix='64'><dhcp><range start='fd77::100' end='fd77::1ff'/></dhcp></ip></network>
X
sed -i "s/ zone=''//" $D/netz.xml
cat >$D/tftp.xml <<X
<network><name>tftp</name><bridge name='virbr-tftp'/><ip address='10.76.0.1' netmask='255.255.255.0'><tftp root='/srv/tftp'/>
<dhcp><range start='10.76.0.10' end='10.76.0.40'/><bootp file='start.0' server='10.76.0.1'/></dhcp></ip></network>
X
cat >$D/groups.xml <<X
<network><name>groups</name><uuid>3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f7301</uuid><bridge name='virbr-groups' macTableManager='libvirt' delay='0'/>
<portgroup name='slow' default='yes'><bandwidth><inbound average='100'/></bandwidth></portgroup><portgroup name='alone'><vlan/></portgroup></network>
X
sed -i "s#<vlan/>##" $D/groups.xml
cat >$D/routed.xml <<X
<network><name>routed</name><forward mode='route' dev='strange1'/><bridge name='virbr-routed'/>
<dns enable='no'/><ip address='10.78.0.1' prefix='24'/><route address='10.79.0.0' prefix='16' gateway='10.78.0.2' metric='4'/></network>
X
cat >$D/private.xml <<X
<network><name>private</name><forward mode='private'><interface dev='strange0'/></forward></network>
X
cat >$D/vepa.xml <<X
<network><name>pass</name><forward mode='passthrough'><interface dev='strange1'/></forward></network>
X
cat >$D/filter.xml <<X
<filter name='büro-filter' chain='root' priority='-300'><uuid>3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f7101</uuid>
<filterref filter='clean-traffic'/>
<rule action='accept' direction='out' priority='100'><tcp state='NEW' dstportstart='80' dstportend='443' comment='das Web'/></rule>
<rule action='drop' direction='in' priority='110'><tcp connlimit-above='5' dstportstart='22'/></rule>
<rule action='accept' direction='inout' priority='120'><icmpv6/></rule>
<rule action='accept' direction='inout' priority='130'><tcp-ipv6 dstportstart='443'/></rule>
<rule action='return' direction='in' priority='200' statematch='false'><sctp srcipaddr='\$OTHER'/></rule>
<rule action='reject' direction='inout' priority='900'><all/></rule></filter>
X
cat >$D/filter-more.xml <<X
<filter name='büro-filter' chain='root' priority='-300'><uuid>3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f7101</uuid>
<filterref filter='no-mac-spoofing'/><filterref filter='no-arp-spoofing'/>
<rule action='drop' direction='out' priority='-100'><arp opcode='Request' arpdstipaddr='10.77.0.77'/></rule>
<rule action='accept' direction='inout'><udp dstportstart='53'/></rule>
<rule action='drop' direction='inout'><igmp/></rule><rule action='drop' direction='inout'><esp/></rule></filter>
X
cat >$D/filter-mac.xml <<X
<filter name='vlan-stp' chain='stp'><rule action='drop' direction='in'><stp root-priority='10'/></rule></filter>
X
cat >$D/gate.xml <<X
<domain type='qemu'><name>gate</name><memory unit='MiB'>48</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type><boot dev='network'/></os><features><acpi/></features>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<interface type='network'><mac address='52:54:00:78:00:01'/><source network='default'/><model type='virtio'/>
<filterref filter='clean-traffic'><parameter name='IP' value='192.168.122.50'/></filterref></interface>
<interface type='network'><mac address='52:54:00:78:00:02'/><source network='büro netz'/><target dev='gate-netz'/><port isolated='yes'/><model type='e1000'/></interface>
<interface type='network'><mac address='52:54:00:78:00:03'/><source network='groups' portgroup='slow'/><model type='virtio'/><driver queues='1'/></interface>
<interface type='bridge'><mac address='52:54:00:78:00:04'/><source bridge='brhand'/><model type='rtl8139'/><link state='down'/></interface>
<serial type='pty'><log file='/var/log/libvirt/qemu/gate console.log' append='off'/></serial>
</devices></domain>
X
cat >$D/gate-nic.xml <<X
<interface type='network'><mac address='52:54:00:78:00:01'/><source network='default'/><model type='virtio'/>
<filterref filter='büro-filter'><parameter name='IP' value='192.168.122.51'/><parameter name='IP' value='192.168.122.52'/><parameter name='OTHER' value='10.77.0.5'/></filterref></interface>
X
cat >$D/macvtap.xml <<X
<interface type='network'><mac address='52:54:00:78:00:05'/><source network='private'/><model type='virtio'/></interface>
X
cat >$D/tpm.xml <<X
<domain type='qemu'><name>tpm</name><memory unit='MiB'>48</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<tpm model='tpm-crb'><backend type='emulator' version='2.0'><encryption secret='3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f7202'/></backend></tpm>
</devices></domain>
X
for g in eins zwei; do cat >$D/lock-$g.xml <<X
<domain type='qemu'><name>schloss $g</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/srv/vm/locked.raw'/><target dev='vda' bus='virtio'/></disk>
</devices></domain>
X
done
cat >$D/ceph.xml <<X
<secret ephemeral='no' private='no'><description>für Ceph, größer</description><usage type='ceph'><name>client.karl secret</name></usage></secret>
X
cat >$D/vtpm.xml <<X
<secret ephemeral='yes' private='yes'><uuid>3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f7202</uuid><usage type='vtpm'><name>tpm key</name></usage></secret>
X
cat >$D/iscsi.xml <<X
<secret ephemeral='no' private='yes'><usage type='iscsi'><target>libvirtiscsi</target></usage></secret>
X
cat >$D/web.xml <<X
<domain type='lxc'><name>web container</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type>exe</type><init>/bin/sh</init><initarg>-c</initarg><initarg>echo hello; while :; do sleep 5; done</initarg><initenv name='WHO'>karl</initenv></os>
<features><capabilities policy='default'><sys_time state='off'/><net_admin state='on'/></capabilities><privnet/></features>
<on_reboot>restart</on_reboot>
<devices><emulator>/usr/lib/libvirt/libvirt_lxc</emulator>
<filesystem type='mount' accessmode='passthrough'><source dir='/srv/web/htdocs'/><target dir='/srv'/></filesystem>
<filesystem type='mount'><source dir='/opt/tools'/><target dir='/opt'/><readonly/></filesystem>
<filesystem type='bind'><source dir='/home/karl/files'/><target dir='/media'/></filesystem>
<filesystem type='ram'><source usage='8192' units='KiB'/><target dir='/var/tmp'/></filesystem>
<interface type='network'><mac address='52:54:00:79:00:01'/><source network='default'/><guest dev='eth0'/><ip address='192.168.122.60' prefix='24'/><route address='0.0.0.0' prefix='0' gateway='192.168.122.1'/></interface>
<interface type='bridge'><mac address='52:54:00:79:00:02'/><source bridge='brhand'/><guest dev='lan'/></interface>
<console type='pty'/><console type='pty'/></devices></domain>
X
sed -i "s/type='bind'/type='mount'/" $D/web.xml
cat >$D/image.xml <<X
<domain type='lxc'><name>abbild</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type>exe</type><init>/bin/sh</init><initarg>-c</initarg><initarg>while :; do sleep 5; done</initarg></os>
<devices><emulator>/usr/lib/libvirt/libvirt_lxc</emulator>
<filesystem type='file'><driver type='loop' format='raw'/><source file='/srv/vm/fs.img'/><target dir='/media'/></filesystem>
<hostdev mode='capabilities' type='net'><source><interface>strange2</interface></source></hostdev>
<hostdev mode='capabilities' type='misc'><source><char>/dev/rtc0</char></source></hostdev>
<console type='pty'/></devices></domain>
X
cat >$D/ct-nic.xml <<X
<interface type='direct'><mac address='52:54:00:79:00:03'/><source dev='strange0' mode='bridge'/></interface>
X
ip link add strange2 type dummy
printf geheimnis >$D/value
truncate -s 4M /srv/vm/locked.raw /srv/vm/fs.img; own mkfs.ext4 -q /srv/vm/fs.img; chcon -t virt_image_t /srv/vm/locked.raw /srv/vm/fs.img

watch_nets() {
    virsh net-event --event lifecycle --loop --timeout 12 & sleep 3
    virsh net-destroy groups; virsh net-start groups; virsh net-info groups
    wait $!; [ $? -le 1 ]
}
watch_devices() {
    virsh nodedev-event --event lifecycle --loop --timeout 10 & sleep 3
    ip link add strange9 type dummy; sleep 2; ip link del strange9
    wait $!; [ $? -le 1 ]
}
every_device() { for d in $(virsh nodedev-list); do virsh nodedev-dumpxml "$d" >/dev/null || return 1; done; }
files_logged() { [ -e "/var/log/libvirt/$1-strange.log" ]; }
inside() { name=$1; shift; nsenter --target "$(pgrep --parent "$(lxc domid "$name")")" --all -- "$@"; }
lxc() { command virsh --quiet --connect lxc:///system "$@"; }
clxc() { URI=lxc:///system client "$@"; }
crowd() {
    for n in 1 2 3 4 5; do
        { virsh net-dhcp-leases 'büro netz'; virsh nwfilter-binding-list; virsh domiflist gate; lxc list --all; virsh nodedev-list --tree; virsh secret-list; } >/dev/null 2>&1 &
    done
    virsh net-list --all --uuid && virsh nwfilter-dumpxml büro-filter; result=$?; wait; return $result
}
ready() { poll 20 virsh net-list >/dev/null; }
conf_log() { setting "$1" "log_outputs=\"1:file:/var/log/libvirt/$1-strange.log\""; systemctl restart "$1.service"; }

# networks
step virtnetworkd default-dump virsh net-dumpxml default
step virtnetworkd default-off-on sh -c 'virsh net-destroy default; virsh net-start default'
step virtnetworkd netz-define client net-define $D/netz.xml
step virtnetworkd netz-start virsh net-start 'büro netz'
step virtnetworkd netz-autostart virsh net-autostart 'büro netz'
chcon -R -t tftpdir_t /srv/tftp
step virtnetworkd tftp-labelled client net-create $D/tftp.xml
virsh net-destroy tftp >/dev/null 2>&1
step virtnetworkd groups-create client net-create $D/groups.xml
step virtnetworkd groups-keep client net-define $D/groups.xml
step virtnetworkd routed client net-create $D/routed.xml
step virtnetworkd private client net-create $D/private.xml
step virtnetworkd passthrough client net-create $D/vepa.xml
refuse virtnetworkd same-address 'in use' sh -c "sed -e 's/büro netz/anders/' -e 's/virbr-netz/virbr-anders/' $D/netz.xml | /usr/local/bin/policytool-client --connect $URI net-create /dev/stdin"
step virtnetworkd update-txt virsh net-update 'büro netz' add dns-txt "<txt name='neu' value='live'/>" --live --config
step virtnetworkd update-host virsh net-update 'büro netz' add ip-dhcp-host "<host mac='52:54:00:78:00:02' name='gate' ip='10.77.0.33'/>" --live --config
step virtnetworkd update-group virsh net-update groups add portgroup "<portgroup name='fast'/>" --live
step virtnetworkd reload systemctl reload virtnetworkd.service
step virtnetworkd restart systemctl restart virtnetworkd.service
step virtnetworkd events watch_nets
# filters, with a guest on four networks
step virtnwfilterd filter client nwfilter-define $D/filter.xml
step virtnwfilterd filter-stp client nwfilter-define $D/filter-mac.xml
step virtqemud gate-define client define $D/gate.xml
step virtqemud gate-start virsh start gate
step virtnwfilterd bindings virsh nwfilter-binding-list
step virtqemud other-filter client update-device gate $D/gate-nic.xml --live
step virtnwfilterd filter-changed client nwfilter-define $D/filter-more.xml
refuse virtnwfilterd filter-in-use 'in use' virsh nwfilter-undefine büro-filter
step virtnwfilterd restart systemctl restart virtnwfilterd.service
step virtqemud stats-after sh -c 'virsh domifstat gate gate-netz && virsh domiflist gate'
step virtqemud link-up virsh domif-setlink gate 52:54:00:78:00:04 up
step virtqemud link-tune virsh domiftune gate gate-netz --inbound 500,1000,500 --outbound 300 --live
step virtqemud macvtap client attach-device gate $D/macvtap.xml --live
step virtnetworkd ports virsh net-port-list groups
step virtnetworkd leases virsh net-dhcp-leases 'büro netz'
step virtqemud addresses virsh domifaddr gate --source arp --full
step virtqemud crowd crowd
step virtnetworkd restart-with-guest systemctl restart virtnetworkd.service
step virtqemud reboot virsh reset gate
step virtlogd log-turned sh -c 'systemctl reload virtlogd.service && virsh domstate gate'
step virtqemud gate-destroy virsh destroy gate
step virtqemud gate-undefine virsh undefine gate
step virtnwfilterd undefine sh -c 'virsh nwfilter-undefine büro-filter && virsh nwfilter-undefine vlan-stp'
# secrets, one of them for a TPM
step virtsecretd ceph client secret-define $D/ceph.xml
step virtsecretd iscsi client secret-define $D/iscsi.xml
step virtsecretd vtpm client secret-define $D/vtpm.xml
step virtsecretd vtpm-value client secret-set-value 3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f7202 --file $D/value --plain
step virtsecretd reload systemctl reload virtsecretd.service
step virtqemud tpm-encrypted client create $D/tpm.xml
step virtqemud tpm-stats virsh domstats tpm
step virtqemud tpm-destroy virsh destroy tpm
step virtsecretd list sh -c 'virsh secret-list --no-ephemeral && virsh secret-list --ephemeral'
step virtsecretd undefine-all sh -c 'for s in $(virsh --quiet secret-list | cut -c 2-37); do virsh secret-undefine "$s" || exit 1; done'
# locks in a folder of the administrator's own
printf 'auto_disk_leases = 1\nfile_lockspace_dir = "/var/lib/libvirt/strange-locks"\n' >/etc/libvirt/qemu-lockd.conf; restorecon /etc/libvirt/qemu-lockd.conf
setting qemu 'lock_manager = "lockd"'
step virtqemud restart-with-locks systemctl restart virtqemud.service
step virtlockd first client create $D/lock-eins.xml
refuse virtlockd second 'already in use\|locked' client create $D/lock-zwei.xml
step virtlockd reload-held systemctl reload virtlockd.service
step virtlockd pause-resume sh -c 'virsh suspend "schloss eins" && virsh resume "schloss eins"'
step virtlockd release virsh destroy 'schloss eins'
setting qemu; rm -f /etc/libvirt/qemu-lockd.conf
step virtqemud restart-without-locks systemctl restart virtqemud.service
# containers with folders of the administrator's own
step virtlxcd web-define clxc define $D/web.xml
step virtlxcd web-start lxc start 'web container'
step virtlxcd web-inside inside 'web container' ls /srv /opt /media
step virtlxcd web-write inside 'web container' touch /srv/written
step virtlxcd image-create clxc create $D/image.xml
step virtlxcd restart-with-two systemctl restart virtlxcd.service
step virtlxcd list lxc list --title
step virtlxcd plug-direct clxc attach-device 'web container' $D/ct-nic.xml --live
step virtlxcd memory lxc setmem 'web container' 48M --live
step virtlxcd blkio lxc blkiotune 'web container' --weight 200 --live
step virtlxcd sched lxc schedinfo 'web container' --set cpu_shares=512 --live
step virtlxcd interfaces lxc domiflist 'web container'
step virtlxcd autostart lxc autostart 'web container'
step virtlxcd web-shutdown sh -c 'virsh -c lxc:///system shutdown "web container" --mode initctl,signal; sleep 2; virsh -c lxc:///system destroy "web container"; virsh -c lxc:///system domstate "web container" | grep -q "shut off"'
step virtlxcd web-again lxc start 'web container' --autodestroy
step virtlxcd image-destroy lxc destroy abbild
step virtlxcd web-undefine lxc undefine 'web container'
# devices, interfaces, the old socket, logging to files
step virtnodedevd events watch_devices
step virtnodedevd every-device every_device
step virtinterfaced interfaces sh -c 'virsh iface-list --all && virsh iface-dumpxml brhand && virsh iface-mac strange0'
step virtproxyd old-socket command virsh -c 'qemu:///system?socket=/run/libvirt/libvirt-sock' pool-list --all
step virtproxyd old-socket-readonly command virsh -r -c 'lxc:///system?socket=/run/libvirt/libvirt-sock-ro' list --all
step virtproxyd two-drivers sh -c 'virsh -c "qemu:///system?socket=/run/libvirt/libvirt-sock" net-list & virsh -c "lxc:///system?socket=/run/libvirt/libvirt-sock" nodeinfo; wait'
step virtqemud log-file conf_log virtqemud
step virtnetworkd log-file conf_log virtnetworkd
step virtstoraged log-file conf_log virtstoraged
step virtnodedevd log-file conf_log virtnodedevd
step virtsecretd log-file conf_log virtsecretd
step virtnwfilterd log-file conf_log virtnwfilterd
step virtinterfaced log-file conf_log virtinterfaced
step virtlxcd log-file conf_log virtlxcd
step virtproxyd log-file conf_log virtproxyd
step virtlogd log-file conf_log virtlogd
step virtlockd log-file conf_log virtlockd
virsh nodeinfo >/dev/null; virsh net-list >/dev/null; lxc list >/dev/null; virsh pool-list >/dev/null
step virtqemud log-written files_logged virtqemud
step virtlogd log-written files_logged virtlogd
step virtnetworkd admin-log admin virtnetworkd daemon-log-outputs '2:file:/var/log/libvirt/network-strange.log'
step virtlxcd admin-log admin virtlxcd daemon-log-outputs '2:file:/var/log/libvirt/lxc-strange.log'
for d in virtqemud virtnetworkd virtstoraged virtnodedevd virtsecretd virtnwfilterd virtinterfaced virtlxcd virtproxyd virtlogd virtlockd; do
    setting $d; systemctl restart $d.service
done
step virtnetworkd netz-away sh -c 'virsh net-destroy "büro netz" && virsh net-undefine "büro netz"'
step virtnetworkd rest-away sh -c 'virsh net-destroy groups && virsh net-undefine groups && virsh net-destroy routed && virsh net-destroy private && virsh net-destroy pass && virsh net-destroy default'
for l in strange0 strange1 strange2 brhand; do ip link del $l 2>/dev/null; done
rm -rf $D /srv/tftp /var/lib/libvirt/strange-locks /srv/web /srv/vm /home/karl /opt/tools /usr/local/bin/policytool-client
rm -f /var/log/libvirt/*-strange.log
