# SPDX-License-Identifier: GPL-2.0-or-later
# A paravirtualised guest from definition to removal: console, pause, saved and dumped state, memory and processors.
. /mnt/steps
. /mnt/dom0
images=/var/lib/libvirt/images
step virtxend sockets sockets
step virtxend define virsh define /mnt/guest.xml
step virtxend list-defined virsh list --all
step virtxend dumpxml virsh dumpxml lab-guest
step virtxend start start lab-guest
step virtxend is-running state lab-guest running
step virtxend console console lab-guest
step virtxend info virsh dominfo lab-guest
step virtxend dumpxml-running virsh dumpxml lab-guest
step virtxend processors virsh vcpuinfo lab-guest
step virtxend pin virsh vcpupin lab-guest 0 1
step virtxend processor-time virsh cpu-stats lab-guest
refuse virtxend statistics 'not supported' virsh domstats lab-guest
step virtxend memory-statistics virsh dommemstat lab-guest
step virtxend scheduler virsh schedinfo lab-guest
step virtxend set-scheduler virsh schedinfo lab-guest --set weight=128
step virtxend less-memory virsh setmem lab-guest 96M --live
step virtxend job virsh domjobinfo lab-guest
step virtxend suspend virsh suspend lab-guest
step virtxend is-paused state lab-guest paused
step virtxend resume virsh resume lab-guest
step virtxend save virsh save lab-guest $images/lab-guest.saved
refuse virtxend saved-xml 'not supported' virsh save-image-dumpxml $images/lab-guest.saved
step virtxend restore virsh restore $images/lab-guest.saved
step virtxend answers-after-restore console lab-guest
step virtxend managed-save virsh managedsave lab-guest
step virtxend start-from-managed-save virsh start lab-guest
step virtxend answers-after-managed-save console lab-guest
step virtxend dump virsh dump lab-guest $images/lab-guest.dump
step virtxend set-title virsh desc lab-guest --title --live --config 'a guest of the lab'
step virtxend destroy virsh destroy lab-guest
refuse virtxend rename 'not supported' virsh domrename lab-guest lab-renamed
step virtxend undefine virsh undefine lab-guest
step virtxend create-without-definition virsh create /mnt/guest.xml --paused
step virtxend was-created-paused state lab-guest paused
step virtxend destroy-again virsh destroy lab-guest
step virtxend clean-up rm -f $images/lab-guest.saved $images/lab-guest.dump
