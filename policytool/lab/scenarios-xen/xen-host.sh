# SPDX-License-Identifier: GPL-2.0-or-later
# What virtxend says of the machine that it is on, of dom0, and of domains in the words of Xen's own tool; nothing is started.
. /mnt/steps
. /mnt/dom0
step virtxend sockets sockets
step virtxend version virsh version
step virtxend capabilities virsh capabilities
step virtxend domain-capabilities virsh domcapabilities --virttype xen --machine xenpv
step virtxend node-information virsh nodeinfo
step virtxend free-memory virsh freecell --all
refuse virtxend node-memory 'not supported' virsh nodememstats
refuse virtxend processor-map 'not supported' virsh nodecpumap
step virtxend host-name virsh hostname
step virtxend most-processors virsh maxvcpus
step virtxend list virsh list --all
step virtxend dom0 virsh dumpxml Domain-0
step virtxend dom0-processors virsh vcpuinfo Domain-0
refuse virtxend dom0-statistics 'not supported' virsh domstats Domain-0
step virtxend to-native virsh domxml-to-native xen-xl /mnt/guest.xml
step virtxend from-native virsh domxml-from-native xen-xl /mnt/native.cfg
step virtxend node-devices virsh nodedev-list --cap pci
