# SPDX-License-Identifier: GPL-2.0-or-later
# What virtqemud tells about the host, and the little that it sets there: processors, memory pages, KSM, models.
. /mnt/steps
URI=qemu:///system
# Either answer of a comparison will do: what the host's processor is differs.
compare() { virsh "$@" /mnt/cpu-qemu64.xml | grep -q described; }
step virtqemud uri virsh uri
step virtqemud host-name virsh hostname
step virtqemud version virsh version --daemon
step virtqemud most-processors virsh maxvcpus --type qemu
step virtqemud processor-models virsh cpu-models x86_64
step virtqemud compare-processor compare cpu-compare
step virtqemud compare-processor-of-qemu compare hypervisor-cpu-compare --virttype qemu
step virtqemud common-processor virsh cpu-baseline /mnt/cpu-qemu64.xml
step virtqemud common-processor-of-qemu virsh hypervisor-cpu-baseline --virttype qemu /mnt/cpu-qemu64.xml
step virtqemud processor-times virsh nodecpustats --percent
step virtqemud free-memory virsh freecell --all
step virtqemud free-pages virsh freepages --all
step virtqemud allocate-pages virsh allocpages 2M 2
step virtqemud give-pages-back virsh allocpages 2M 0
step virtqemud shared-memory virsh node-memory-tune
step virtqemud set-shared-memory virsh node-memory-tune --shm-pages-to-scan 100
refuse virtqemud suspend-too-short 'too short\|Suspend-to-RAM' virsh nodesuspend mem 1
refuse virtqemud encrypted-memory 'SEV' virsh nodesevinfo
refuse virtqemud arguments-of-qemu 'not supported' virsh domxml-from-native qemu-argv /mnt/steps
refuse virtqemud adopt 'not supported' virsh qemu-attach 1
refuse virtqemud reset-host-bridge 'reset' virsh nodedev-reset pci_0000_00_00_0
step virtqemud reattach-host-bridge virsh nodedev-reattach pci_0000_00_00_0
