# SPDX-License-Identifier: GPL-2.0
#
# What do the headers of the kernel that we build for offer?  Stable kernels
# carry backports, so we look instead of comparing versions.

# $(call ata-split-has,HEADER,EXTENDED-REGEX,NAME)
ata-split-has = $(if $(shell grep -qsE '$(2)' $(srctree)/include/$(1) && echo y),-DATA_SPLIT_HAVE_$(3))

# $(call ata-split-member,STRUCT,MEMBER,NAME): is MEMBER in libata's STRUCT?
ata-split-member = $(if $(shell sed -n '/^struct $(1) {/,/^}/p' \
	$(srctree)/include/linux/libata.h | grep -qw '$(2)' && echo y),-DATA_SPLIT_HAVE_$(3))

# $(call ata-split-since,VERSION,PATCHLEVEL): what stock ahci does is in no header.
ata-split-since = $(if $(shell [ "$(VERSION)" -gt $(1) ] || \
	{ [ "$(VERSION)" = $(1) ] && [ "$(PATCHLEVEL)" -ge $(2) ]; } && echo y),-DATA_SPLIT_SINCE_$(1)_$(2))

ata-split-compat-y := -DATA_SPLIT_COMPAT \
	$(call ata-split-has,linux/unaligned.h,get_unaligned,LINUX_UNALIGNED) \
	$(call ata-split-has,scsi/scsi_host.h,enum scsi_qc_status,SCSI_QC_STATUS) \
	$(call ata-split-has,linux/libata.h,struct ata_reset_operations,RESET_OPS) \
	$(call ata-split-has,linux/libata.h,bool \(\*qc_fill_rtf\),BOOL_FILL_RTF) \
	$(call ata-split-has,linux/libata.h,\(\*qc_ncq_fill_rtf\),NCQ_FILL_RTF) \
	$(call ata-split-has,linux/libata.h,ATA_QCFLAG_EH[[:space:]],QCFLAG_EH) \
	$(call ata-split-has,linux/libata.h,ata_port_desc_misc,PORT_DESC_MISC) \
	$(call ata-split-has,linux/libata.h,dev_attr_link_power_management_supported,LPM_SUPPORTED) \
	$(call ata-split-has,linux/pci.h,pcim_request_all_regions,PCIM_REQUEST_ALL) \
	$(call ata-split-member,ata_link,deferred_qc,LINK_DEFERRED_QC) \
	$(call ata-split-member,ata_port,deferred_qc,PORT_DEFERRED_QC) \
	$(call ata-split-since,6,9) \
	$(call ata-split-since,6,17)
