# SPDX-License-Identifier: GPL-2.0-or-later
# What virtxend refuses on a dom0.
. /mnt/steps
. /mnt/dom0
other() { sed -e "s#$2#$3#" /mnt/guest.xml | client "$1" /dev/stdin; }
step virtxend sockets sockets
refuse virtxend nobody-may-connect 'denied' nobody list --all
refuse virtxend not-xml 'parse\|Start tag\|XML' virsh define /mnt/native.cfg
refuse virtxend of-another-hypervisor 'kvm\|unexpected\|unsupported' other define 'type="xen"' 'type="kvm"'
refuse virtxend no-kernel 'No such\|fail\|kernel' other create lab-guest.kernel lab-none.kernel
refuse virtxend too-much-memory 'memory\|fail' other create '>128<' '>9000<'
refuse virtxend no-such-domain 'not found\|no domain\|failed to get' virsh start lab-none
refuse virtxend no-such-save-file 'No such\|open\|fail' virsh restore /var/lib/libvirt/images/lab-none
refuse virtxend no-such-disk 'No such\|fail\|unable' other create '<console type="pty">' '<disk type="block"><driver name="phy"/><source dev="/dev/lab-none"/><target dev="xvda" bus="xen"/></disk><console type="pty">'
refuse virtxend dom0-cannot-be-destroyed 'Domain-0\|not supported\|invalid\|fail' virsh destroy Domain-0
refuse virtxend read-only-may-not-define 'read.only\|forbidden' virsh --readonly define /mnt/guest.xml
step virtxend define virsh define /mnt/guest.xml
refuse virtxend same-name 'already exists\|already defined' other define 'lab-guest</name>' 'lab-guest</name><uuid>aaaaaaaa-0000-4000-8000-000000000001</uuid>'
refuse virtxend not-running-suspend 'not running' virsh suspend lab-guest
refuse virtxend too-many-processors 'vcpu\|processor\|max' virsh setvcpus lab-guest 4 --config
step virtxend undefine virsh undefine lab-guest
