# SPDX-License-Identifier: GPL-2.0-or-later
# Guests and storage in the places where administrators have them, in any order. Written without regard to the other
# scenarios, as a workload that the modules had not seen; names have spaces and letters that are not ASCII.
. /mnt/steps
# The script's own tools stay in the script's domain.
own() { runcon "$(cat /proc/self/attr/current)" "$@"; }
URI=qemu:///system
export LIBVIRT_DEFAULT_URI=$URI
D=~root/strange
mkdir -p $D /srv/vm /srv/boot /srv/share /opt/guests /home/karl/vm "/media/usb/My Disks" /data
chown -R 1000:1000 /home/karl
restorecon -R /srv /opt /home /media /data /root
# What a manual tells the administrator to do for a pool of his own: semanage fcontext, restorecon.
chcon -R -t virt_image_t /srv/vm
LABEL="<seclabel type='static' model='selinux' relabel='yes'><label>system_u:system_r:svirt_t:s0:c710,c711</label></seclabel>"
W="web server 1"

cat >$D/web.xml <<X
<domain type='qemu'>
  <name>$W</name><title>the web server</title>
  <memory unit='MiB'>48</memory><vcpu placement='static' current='1'>2</vcpu><iothreads>1</iothreads>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/><apic/></features>
  <on_crash>restart</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none' io='threads'/>
      <source file='/srv/vm/root disk.qcow2'/><target dev='vda' bus='virtio'/></disk>
    <disk type='file' device='cdrom'><driver name='qemu' type='raw'/><target dev='sda' bus='sata'/><readonly/></disk>
    <controller type='scsi' index='0' model='virtio-scsi'/>
    <controller type='usb' model='qemu-xhci'/>
    <controller type='pci' index='0' model='pcie-root'/>
    <controller type='pci' model='pcie-root-port'/><controller type='pci' model='pcie-root-port'/>
    <controller type='pci' model='pcie-root-port'/><controller type='pci' model='pcie-root-port'/>
    <controller type='pci' model='pcie-root-port'/><controller type='pci' model='pcie-root-port'/>
    <controller type='pci' model='pcie-root-port'/><controller type='pci' model='pcie-root-port'/>
    <interface type='network'><mac address='52:54:00:77:00:01'/><source network='default'/><model type='virtio'/></interface>
    <serial type='pty'/><console type='pty'/>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <graphics type='vnc' autoport='yes' listen='0.0.0.0' passwd='geheim'/><video><model type='cirrus'/></video>
    <watchdog model='i6300esb' action='dump'/>
  </devices>
  $LABEL
</domain>
X
cat >$D/büro.xml <<X
<domain type='qemu'>
  <name>büro-größe</name>
  <memory unit='MiB'>32</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='volume' device='disk'><driver name='qemu' type='raw'/><source pool='srv' volume='größe.raw'/><target dev='hda' bus='ide'/></disk>
    <interface type='user'><model type='e1000'/></interface>
    <serial type='file'><source path='/srv/vm/büro serial.txt' append='on'/></serial>
  </devices>
</domain>
X
cat >$D/sock.xml <<X
<domain type='qemu'>
  <name>sock</name>
  <memory unit='MiB'>32</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <serial type='unix'><source mode='bind' path='/srv/pipes/sock console'/></serial>
    <serial type='udp'><source mode='connect' host='127.0.0.1' service='4999'/><source mode='bind' host='127.0.0.1' service='4998'/></serial>
  </devices>
</domain>
X
sed -e "s#<serial type='unix'.*#<serial type='pipe'><source path='/srv/pipes/pipe'/></serial>#" -e 's#>sock<#>pipe<#' $D/sock.xml >$D/pipe.xml
sed -e '/<serial/d' -e 's#büro-größe#büro ohne#' $D/büro.xml >$D/ohne.xml
cat >$D/kern.xml <<X
<domain type='qemu'>
  <name>kern</name>
  <memory unit='MiB'>96</memory><vcpu>1</vcpu>
  <sysinfo type='fwcfg'><entry name='opt/org.example/file' file='/srv/boot/fw.txt'/><entry name='opt/org.example/word'>word</entry></sysinfo>
  <os><type arch='x86_64' machine='q35'>hvm</type>
    <kernel>/srv/boot/kernel</kernel><initrd>/srv/boot/initrd</initrd><cmdline>console=ttyS0 panic=1</cmdline></os>
  <features><acpi/></features>
  <on_reboot>destroy</on_reboot>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <interface type='user'><model type='virtio'/></interface>
    <serial type='pty'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>
X
cat >$D/rom.xml <<X
<domain type='qemu'>
  <name>rom</name>
  <memory unit='MiB'>32</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <interface type='user'><model type='virtio'/><rom file='/srv/boot/nic.rom'/></interface>
    ROMREST
  </devices>
</domain>
X
sed -e "s#ROMREST#<sound model='ich6'/><audio id='1' type='file' path='/srv/boot/sound.wav'/>#" -e "s#>rom<#>sound<#" -e "s#<rom .*/></inter#</inter#" $D/rom.xml >$D/sound.xml
sed -i -e "/ROMREST/d" $D/rom.xml
cat >$D/share.xml <<X
<domain type='qemu'>
  <name>share</name>
  <memory unit='MiB'>48</memory><memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <filesystem type='mount' accessmode='mapped'><source dir='/srv/share'/><target dir='srv'/></filesystem>
    <filesystem type='mount' accessmode='passthrough'><source dir='/home/karl'/><target dir='home'/><readonly/></filesystem>
  </devices>
</domain>
X
cat >$D/qcow.xml <<X
<volume><name>features.qcow2</name><capacity unit='MiB'>8</capacity>
<target><format type='qcow2'/><permissions><mode>0640</mode><owner>0</owner><group>0</group></permissions>
<compat>1.1</compat><clusterSize unit='KiB'>128</clusterSize><features><lazy_refcounts/></features></target></volume>
X
cat >$D/from.xml <<X
<volume><name>from data.qcow2</name><capacity unit='MiB'>6</capacity><target><format type='qcow2'/></target></volume>
X
cat >$D/luks-secret.xml <<X
<secret ephemeral='no' private='yes'><uuid>3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f7001</uuid><description>Schlüssel für größe</description>
<usage type='volume'><volume>/srv/vm/tresor.img</volume></usage></secret>
X
cat >$D/luks-volume.xml <<X
<volume><name>tresor.qcow2</name><capacity unit='MiB'>4</capacity><target><format type='qcow2'/>
<encryption format='luks'><secret type='passphrase' uuid='3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f7001'/></encryption></target></volume>
X
cat >$D/luks-disk.xml <<X
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/srv/vm/tresor.qcow2'>
<encryption format='luks'><secret type='passphrase' uuid='3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f7001'/></encryption></source>
<target dev='sdg' bus='scsi'/></disk>
X
dd if=/dev/urandom of=$D/tiny.iso bs=64k count=16 2>/dev/null
cp /boot/vmlinuz-* /srv/boot/kernel; cp /boot/initrd.img-* /srv/boot/initrd 2>/dev/null || head -c 4096 /dev/zero >/srv/boot/initrd
echo some words >/srv/boot/fw.txt; head -c 8192 /dev/zero >/srv/boot/nic.rom; restorecon -R /srv/boot
mkdir -p /srv/pipes; mkfifo /srv/pipes/pipe.in /srv/pipes/pipe.out; chcon -R -t virt_image_t /srv/pipes
restorecon -R /root
if [ ! -e /usr/bin/gettext.sh ]; then # the lab's image lacks gettext-base, which libvirt-guests.sh reads
    printf 'gettext() { printf %%s "$1"; }\neval_gettext() { eval "printf %%s \\"$1\\""; }\n' >/usr/bin/gettext.sh; restorecon /usr/bin/gettext.sh
fi
truncate -s 4M /home/karl/own.raw; chown 1000:1000 /home/karl/own.raw; restorecon -R /home
mkdir -p /var/vm /usr/local/vm /var/lib/vms /srv/disk2; restorecon -R /var/vm /usr/local/vm /root /var/lib/vms
truncate -s 24M /srv/disk2.img; own mkfs.ext4 -q /srv/disk2.img; chcon -t mount_loopback_t /srv/disk2.img
own mount -o loop /srv/disk2.img /srv/disk2; restorecon -R /srv/disk2; chcon -t virt_image_t /srv/disk2
ln -s /opt/guests /srv/link

place() { # a pool for a while, with volumes, somewhere
    virsh pool-create-as place dir --target "$1" --build && virsh vol-create-as place p.raw 1M --format raw &&
        virsh vol-create-as place p.qcow2 1M --format qcow2 && virsh pool-refresh place && virsh vol-info p.qcow2 --pool place &&
        virsh vol-delete p.qcow2 --pool place && virsh vol-delete p.raw --pool place
    result=$?; virsh pool-destroy place; return $result
}
every_pool() { for pool in srv 'opt guests' usb data; do virsh pool-info "$pool" && virsh pool-refresh "$pool" && virsh vol-list "$pool" --details || return 1; done; }
plug() { virsh attach-disk "$W" "$1" "$2" --targetbus scsi --driver qemu --subdriver "$3" --live; }
plugged() { virsh domblklist "$W" | grep -q "$1"; }
unplugged() { ! plugged "$1"; }
unplug() { virsh detach-disk "$W" "$1" --live && poll 10 unplugged "$1"; }
crowd() {
    for n in 1 2 3 4; do
        { virsh domstats && virsh list --all --title && virsh pool-list --details && virsh net-list --all && virsh nodedev-list --cap pci &&
            virsh secret-list && virsh nwfilter-list && virsh iface-list; } >/dev/null &
    done
    client domstats --vcpu --block --interface >/dev/null && virsh dumpxml "$W" --security-info >/dev/null
    result=$?; wait; return $result
}
listen() {
    virsh event --all --loop --timeout 12 & sleep 3
    virsh suspend "$W"; virsh domstate "$W" --reason; virsh resume "$W"; virsh reset "$W"; virsh desc "$W" --live "written while running"
    wait $!; [ $? -le 1 ]
}
state() { [ "$(virsh domstate "$1")" = "$2" ]; }

# pools in the places where administrators have them
step virtstoraged srv-define virsh pool-define-as srv dir --target /srv/vm
step virtstoraged srv-start virsh pool-start srv
step virtstoraged srv-autostart virsh pool-autostart srv
refuse virtstoraged srv-again 'conflict' virsh pool-define-as again dir --target /srv/vm
step virtstoraged opt-define virsh pool-define-as 'opt guests' dir --target /opt/guests
step virtstoraged opt-build virsh pool-build 'opt guests'
step virtstoraged opt-start virsh pool-start 'opt guests'
step virtstoraged opt-volume virsh vol-create-as 'opt guests' opt.raw 4M --format raw
chcon -R -t virt_image_t /home/karl/vm
step virtstoraged home-labelled virsh pool-create-as karl dir --target /home/karl/vm
virsh pool-destroy karl >/dev/null 2>&1; truncate -s 4M /home/karl/vm/karl.raw
step virtstoraged media-define virsh pool-define-as usb dir --target '/media/usb/My Disks'
step virtstoraged media-start virsh pool-start usb
step virtstoraged media-volume virsh vol-create-as usb 'usb disk.raw' 4M --format raw
mkdir -p /data/vm; chcon -R -t virt_image_t /data
step virtstoraged data-labelled virsh pool-create-as data dir --target /data/vm
step virtstoraged data-volume virsh vol-create-as data data.raw 4M --format raw --allocation 4M
step virtstoraged root-volume virsh vol-create-as srv 'root disk.qcow2' 64M --format qcow2
step virtstoraged unicode-volume virsh vol-create-as srv größe.raw 4M --format raw
step virtstoraged vmdk-volume virsh vol-create-as srv x.vmdk 4M --format vmdk
step virtstoraged vdi-volume virsh vol-create-as srv x.vdi 4M --format vdi
step virtstoraged vpc-volume virsh vol-create-as srv x.vhd 4M --format vpc
step virtstoraged features-volume client vol-create srv $D/qcow.xml
step virtstoraged metadata-volume virsh vol-create-as srv meta.qcow2 8M --format qcow2 --prealloc-metadata
step virtstoraged overlay-elsewhere virsh vol-create-as usb over.qcow2 8M --format qcow2 --backing-vol /srv/vm/features.qcow2 --backing-vol-format qcow2
step virtstoraged copy-between-pools client vol-create-from srv $D/from.xml data.raw --inputpool data
step virtstoraged clone-media virsh vol-clone 'usb disk.raw' 'zweite kopie.raw' --pool usb
refuse virtstoraged clone-exists 'in use' virsh vol-clone 'usb disk.raw' 'zweite kopie.raw' --pool usb
step virtstoraged iso-volume virsh vol-create-as 'opt guests' tiny.iso 1M --format raw
step virtstoraged iso-upload client vol-upload tiny.iso $D/tiny.iso --pool 'opt guests' --sparse
step virtstoraged iso-download client vol-download tiny.iso $D/back.iso --pool 'opt guests'
step virtstoraged every-pool every_pool
step virtstoraged place-srv place /srv/plain
step virtstoraged place-var place /var/vm
step virtstoraged place-var-tmp place /var/tmp/vm
step virtstoraged place-usr-local place /usr/local/vm/pool
step virtstoraged place-var-lib place /var/lib/vms/pool
step virtstoraged place-link place /srv/link
step virtstoraged place-mounted place /srv/disk2
step virtsecretd secret client secret-define $D/luks-secret.xml
step virtsecretd secret-value virsh secret-set-value 3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f7001 Z2VoZWlt
step virtstoraged luks-qcow2 client vol-create srv $D/luks-volume.xml
step virtnetworkd network sh -c 'virsh net-start default; virsh net-info default | grep -q "Active:.*yes"'
# one guest, its disks, its chain
step virtqemud define client define $D/web.xml
step virtqemud start virsh start "$W"
refuse virtqemud start-twice 'already' virsh start "$W"
step virtqemud plug-opt plug /opt/guests/opt.raw sdb raw
step virtqemud plug-home plug /home/karl/vm/karl.raw sdc raw
step virtqemud plug-home-own plug /home/karl/own.raw sdi raw
step virtqemud plug-media plug '/media/usb/My Disks/usb disk.raw' sdd raw
step virtqemud plug-overlay plug '/media/usb/My Disks/over.qcow2' sde qcow2
step virtqemud plug-data plug /data/vm/data.raw sdf raw
step virtqemud plug-luks client attach-device "$W" $D/luks-disk.xml --live
step virtqemud plug-vmdk plug /srv/vm/x.vmdk sdh vmdk
step virtqemud disks virsh domblkinfo "$W" --all
step virtqemud iso-insert virsh change-media "$W" sda /opt/guests/tiny.iso --insert --live
step virtqemud iso-eject virsh change-media "$W" sda --eject --live --force
step virtqemud restart-with-disks systemctl restart virtqemud.service
step virtstoraged restart-with-disks systemctl restart virtstoraged.service
step virtqemud crowd crowd
step virtqemud unplug-opt unplug sdb
step virtqemud unplug-home unplug sdc
step virtqemud unplug-home-own unplug sdi
step virtqemud unplug-media unplug sdd
step virtqemud unplug-overlay unplug sde
step virtqemud unplug-data unplug sdf
step virtqemud unplug-luks unplug sdg
step virtqemud unplug-vmdk unplug sdh
step virtqemud snapshot-same-pool virsh snapshot-create-as "$W" eins --disk-only --diskspec 'vda,file=/srv/vm/eins.qcow2' --diskspec sda,snapshot=no
step virtqemud snapshot-other-pool virsh snapshot-create-as "$W" zwei --disk-only --diskspec 'vda,file=/opt/guests/zwei.qcow2' --diskspec sda,snapshot=no
step virtqemud commit-active virsh blockcommit "$W" vda --active --pivot --wait --timeout 60
step virtqemud pull virsh blockpull "$W" vda --wait --timeout 60
step virtqemud copy-to-home virsh blockcopy "$W" vda /home/karl/vm/kopie.qcow2 --format qcow2 --wait --pivot --transient-job --timeout 60
step virtqemud copy-back virsh blockcopy "$W" vda /srv/vm/wieder.qcow2 --format qcow2 --wait --pivot --transient-job --timeout 60
step virtqemud forget-snapshots sh -c "virsh snapshot-delete '$W' zwei --metadata; virsh snapshot-delete '$W' eins --metadata"
step virtqemud threshold virsh domblkthreshold "$W" vda 1M
step virtqemud io-tune virsh blkdeviotune "$W" vda --total-bytes-sec 1000000 --live
step virtqemud listen listen
step virtqemud dump-memory virsh dump "$W" /srv/vm/web.core --memory-only --format kdump-zlib
step virtqemud screenshot client screenshot "$W" $D/screen.ppm
step virtqemud internal virsh snapshot-create-as "$W" 'vor dem update' --description 'mit Speicher'
step virtqemud internal-revert virsh snapshot-revert "$W" 'vor dem update'
step virtqemud internal-delete virsh snapshot-delete "$W" 'vor dem update'
step virtqemud save-srv virsh save "$W" /srv/vm/web.sav
step virtqemud save-xml client save-image-dumpxml /srv/vm/web.sav
step virtqemud restore-srv virsh restore /srv/vm/web.sav
step virtqemud save-home virsh save "$W" /home/karl/web.sav --paused
step virtqemud restore-home virsh restore /home/karl/web.sav --running
step virtqemud save-tmp virsh save "$W" /var/tmp/web.sav --bypass-cache
step virtqemud restore-tmp virsh restore /var/tmp/web.sav
step virtqemud usb-net virsh attach-interface "$W" network default --model usb-net --mac 52:54:00:77:00:02 --live
step virtqemud usb-net-off virsh detach-interface "$W" network --mac 52:54:00:77:00:02 --live
step virtqemud log-to-file admin virtqemud daemon-log-outputs '1:file:/var/log/libvirt/virtqemud-debug.log'
step virtqemud managed-save virsh managedsave "$W"
step virtqemud managed-start virsh start "$W"
step virtqemud log-to-journal admin virtqemud daemon-log-outputs '3:journald'
# a block device, consoles in other places, kernels and shared folders in other places
truncate -s 4M /srv/loop.img; chcon -t mount_loopback_t /srv/loop.img; loop=$(losetup --find --show /srv/loop.img)
step virtqemud plug-block virsh attach-disk "$W" "$loop" sdb --targetbus scsi --sourcetype block --live
step virtqemud unplug-block unplug sdb
losetup --detach "$loop"
step virtqemud unicode-guest client create $D/büro.xml
refuse virtqemud unicode-same-disk 'already in use' client create $D/ohne.xml
step virtlogd restart-with-console systemctl restart virtlogd.service
virsh destroy büro-größe >/dev/null 2>&1
refuse virtqemud unicode-stats 'failed to get domain' virsh domstats 'büro ohne'
refuse virtqemud unicode-destroy 'failed to get domain' virsh destroy 'büro ohne'
step virtstoraged pool-with-pipes virsh pool-create-as pipes dir --target /srv/pipes
virsh pool-destroy pipes >/dev/null 2>&1
step virtqemud socket-console client create $D/sock.xml
virsh destroy sock >/dev/null 2>&1
step virtqemud pipe-console client create $D/pipe.xml
virsh destroy pipe >/dev/null 2>&1
step virtqemud own-kernel client create $D/kern.xml
step virtqemud kernel-destroy virsh destroy kern
step virtqemud own-rom client create $D/rom.xml
virsh destroy rom >/dev/null 2>&1
step virtqemud sound-file client create $D/sound.xml
virsh destroy sound >/dev/null 2>&1
step virtqemud shared-folders client create $D/share.xml
step virtqemud shared-destroy virsh destroy share
mkdir -p /etc/default /etc/sysconfig; printf 'ON_SHUTDOWN=suspend\nSHUTDOWN_TIMEOUT=20\n' | tee /etc/sysconfig/libvirt-guests >/etc/default/libvirt-guests; restorecon -R /etc/default /etc/sysconfig
step virtqemud guests-service systemctl start libvirt-guests.service
step virtqemud guests-stopped systemctl stop libvirt-guests.service
step virtqemud rename sh -c "virsh managedsave-remove '$W'; virsh destroy '$W'; virsh domrename '$W' 'web server 2'"
step virtqemud undefine sh -c "virsh undefine 'web server 2' --managed-save --snapshots-metadata --remove-all-storage || virsh undefine '$W' --managed-save --snapshots-metadata"
step virtsecretd undefine virsh secret-undefine 3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f7001
step virtstoraged media-delete virsh vol-delete 'usb disk.raw' --pool usb
step virtstoraged clone-delete virsh vol-delete 'zweite kopie.raw' --pool usb
step virtstoraged stop-transient virsh pool-destroy data
step virtstoraged stop-all sh -c 'for p in srv "opt guests" usb; do virsh pool-destroy "$p" && virsh pool-undefine "$p" || exit 1; done'
virsh net-destroy default >/dev/null 2>&1
own umount /srv/disk2
rm -rf $D /srv/vm /srv/pipes /srv/plain /var/vm /var/tmp/vm /usr/local/vm /var/lib/vms /srv/link /srv/disk2 /srv/disk2.img /srv/boot /srv/share /srv/loop.img /opt/guests /home/karl /media/usb /data /var/tmp/web.sav /usr/local/bin/policytool-client
