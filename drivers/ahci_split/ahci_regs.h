/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Registers of an AHCI HBA, command headers and received FISes, none of which
 * BuildIo may access.  What it writes is in build.h.  Section numbers and names
 * are those of the AHCI specification, revision 1.3.1.
 */
#ifndef _AHCI_SPLIT_AHCI_REGS_H
#define _AHCI_SPLIT_AHCI_REGS_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>
#include "build.h"

#define AHCI_PCI_BAR			5	/* 2.1.11 ABAR */
#define AHCI_MAX_PORTS			32	/* 3.1.4 PI */

/* Port enables in PCI configuration space: Intel ICH9 datasheet, D31:F2, PCS */
#define AHCI_INTEL_PCS			0x92

/* 3.1 Generic Host Control */
#define AHCI_CAP			0x00
#define   AHCI_CAP_NP			GENMASK(4, 0)	/* ports - 1 */
#define   AHCI_CAP_SXS			BIT(5)
#define   AHCI_CAP_EMS			BIT(6)
#define   AHCI_CAP_CCCS			BIT(7)
#define   AHCI_CAP_NCS			GENMASK(12, 8)	/* slots - 1 */
#define   AHCI_CAP_PSC			BIT(13)
#define   AHCI_CAP_SSC			BIT(14)
#define   AHCI_CAP_FBSS			BIT(16)
#define   AHCI_CAP_SPM			BIT(17)
#define   AHCI_CAP_ISS			GENMASK(23, 20)
#define   AHCI_CAP_SCLO			BIT(24)
#define   AHCI_CAP_SALP			BIT(26)
#define   AHCI_CAP_SSS			BIT(27)
#define   AHCI_CAP_SSNTF		BIT(29)
#define   AHCI_CAP_SNCQ			BIT(30)
#define   AHCI_CAP_S64A			BIT(31)
#define AHCI_GHC			0x04
#define   AHCI_GHC_HR			BIT(0)
#define   AHCI_GHC_IE			BIT(1)
#define   AHCI_GHC_MRSM			BIT(2)
#define   AHCI_GHC_AE			BIT(31)
#define AHCI_IS				0x08
#define AHCI_PI				0x0c
#define AHCI_VS				0x10
#define   AHCI_VS_1_2			0x00010200
#define   AHCI_VS_1_3			0x00010300
#define AHCI_EM_LOC			0x1c	/* in dwords */
#define   AHCI_EM_LOC_SZ		GENMASK(15, 0)
#define   AHCI_EM_LOC_OFST		GENMASK(31, 16)
#define AHCI_EM_CTL			0x20
#define   AHCI_EM_CTL_MR		BIT(0)
#define   AHCI_EM_CTL_TM		BIT(8)
#define   AHCI_EM_CTL_RST		BIT(9)
#define   AHCI_EM_CTL_TYPES		GENMASK(19, 16)
#define     AHCI_EM_TYPE_LED		BIT(0)
#define     AHCI_EM_TYPE_SAFTE		BIT(1)
#define     AHCI_EM_TYPE_SES2		BIT(2)
#define     AHCI_EM_TYPE_SGPIO		BIT(3)
#define   AHCI_EM_CTL_SMB		BIT(24)
#define   AHCI_EM_CTL_XMT		BIT(25)
#define   AHCI_EM_CTL_ALHD		BIT(26)
#define AHCI_CAP2			0x24
#define   AHCI_CAP2_BOH			BIT(0)
#define   AHCI_CAP2_SDS			BIT(3)
#define   AHCI_CAP2_SADM		BIT(4)
#define AHCI_BOHC			0x28
#define   AHCI_BOHC_BOS			BIT(0)
#define   AHCI_BOHC_OOS			BIT(1)
#define   AHCI_BOHC_BB			BIT(4)

/* 12.2.1 LED message, header and value: three bits for each of activity, locate and fault */
#define AHCI_EM_LED_SIZE		8U
#define AHCI_EM_LED_PORT		GENMASK(4, 0)
#define AHCI_EM_LED_PMP			GENMASK(15, 8)
#define AHCI_EM_LED_VALUE		GENMASK(31, 16)
#define   AHCI_EM_LED_ACTIVITY		GENMASK(18, 16)
#define   AHCI_EM_LED_ON		BIT(16)
#define   AHCI_EM_LED_OTHERS		GENMASK(31, 19)

/* 3.3 Port Registers, one set per port */
#define AHCI_PORT_BASE			0x100
#define AHCI_PORT_SIZE			0x80
#define AHCI_PXCLB			0x00
#define AHCI_PXCLBU			0x04
#define AHCI_PXFB			0x08
#define AHCI_PXFBU			0x0c
#define AHCI_PXIS			0x10
#define AHCI_PXIE			0x14
#define   AHCI_PXI_DHRS			BIT(0)
#define   AHCI_PXI_PSS			BIT(1)
#define   AHCI_PXI_DSS			BIT(2)
#define   AHCI_PXI_SDBS			BIT(3)
#define   AHCI_PXI_UFS			BIT(4)
#define   AHCI_PXI_DPS			BIT(5)
#define   AHCI_PXI_PCS			BIT(6)
#define   AHCI_PXI_PRCS			BIT(22)
#define   AHCI_PXI_IPMS			BIT(23)
#define   AHCI_PXI_OFS			BIT(24)
#define   AHCI_PXI_INFS			BIT(26)
#define   AHCI_PXI_IFS			BIT(27)
#define   AHCI_PXI_HBDS			BIT(28)
#define   AHCI_PXI_HBFS			BIT(29)
#define   AHCI_PXI_TFES			BIT(30)
#define AHCI_PXCMD			0x18
#define   AHCI_PXCMD_ST			BIT(0)
#define   AHCI_PXCMD_SUD		BIT(1)
#define   AHCI_PXCMD_CLO		BIT(3)
#define   AHCI_PXCMD_FRE		BIT(4)
#define   AHCI_PXCMD_FR			BIT(14)
#define   AHCI_PXCMD_CR			BIT(15)
#define   AHCI_PXCMD_PMA		BIT(17)
#define   AHCI_PXCMD_HPCP		BIT(18)
#define   AHCI_PXCMD_MPSP		BIT(19)
#define   AHCI_PXCMD_CPD		BIT(20)
#define   AHCI_PXCMD_ESP		BIT(21)
#define   AHCI_PXCMD_FBSCP		BIT(22)
#define   AHCI_PXCMD_ATAPI		BIT(24)
#define   AHCI_PXCMD_ALPE		BIT(26)
#define   AHCI_PXCMD_ASP		BIT(27)
#define   AHCI_PXCMD_ICC		GENMASK(31, 28)
#define   AHCI_PXCMD_ICC_ACTIVE		BIT(28)
#define AHCI_PXTFD			0x20
#define AHCI_PXSIG			0x24
#define AHCI_PXSSTS			0x28
#define AHCI_PXSCTL			0x2c
#define   AHCI_PXSCTL_DET		GENMASK(3, 0)
#define AHCI_PXSERR			0x30
#define AHCI_PXSACT			0x34
#define AHCI_PXCI			0x38
#define AHCI_PXSNTF			0x3c
#define AHCI_PXDEVSLP			0x44
#define   AHCI_PXDEVSLP_ADSE		BIT(0)
#define   AHCI_PXDEVSLP_DSP		BIT(1)
#define   AHCI_PXDEVSLP_DETO		GENMASK(9, 2)	/* in ms */
#define   AHCI_PXDEVSLP_MDAT		GENMASK(14, 10)	/* in ms */
#define   AHCI_PXDEVSLP_DITO		GENMASK(24, 15)	/* in (DM + 1) ms */
#define   AHCI_PXDEVSLP_DM		GENMASK(28, 25)
#define   AHCI_PXDEVSLP_TIMES		(AHCI_PXDEVSLP_DETO | AHCI_PXDEVSLP_MDAT | \
					 AHCI_PXDEVSLP_DITO)

/* Capabilities of the port, written by firmware and lost in an HBA reset. */
#define AHCI_PXCMD_CAPS			(AHCI_PXCMD_HPCP | AHCI_PXCMD_MPSP | \
					 AHCI_PXCMD_CPD | AHCI_PXCMD_ESP | \
					 AHCI_PXCMD_FBSCP)

/* After these the state of the port is unknown, so it is frozen. */
#define AHCI_PXI_FREEZE			(AHCI_PXI_HBFS | AHCI_PXI_IFS | \
					 AHCI_PXI_PCS | AHCI_PXI_PRCS | \
					 AHCI_PXI_UFS)
#define AHCI_PXI_ERROR			(AHCI_PXI_FREEZE | AHCI_PXI_TFES | \
					 AHCI_PXI_HBDS)
/* The interrupts that are enabled, PRCS only while the link does not go to sleep. */
#define AHCI_PXI_ENABLED		(AHCI_PXI_ERROR | AHCI_PXI_DPS | \
					 AHCI_PXI_SDBS | AHCI_PXI_DSS | \
					 AHCI_PXI_PSS | AHCI_PXI_DHRS)

/**
 * struct ahci_cmd_header - 4.2.2, one entry of the command list
 * @info: contents, prepared by a build
 * @reserved: zero
 */
struct ahci_cmd_header {
	struct ahci_cmd_info		info;
	__le32				reserved[4];
};

static_assert(sizeof(struct ahci_cmd_header) == 32);

/**
 * struct ahci_rx_fis - 4.2.1, received FISes, written by the HBA
 * @dma_setup: DMA Setup FIS
 * @reserved0: zero
 * @pio_setup: PIO Setup FIS
 * @reserved1: zero
 * @d2h_reg: Register - Device to Host FIS
 * @reserved2: zero
 * @sdb: Set Device Bits FIS
 * @unknown: any other
 * @reserved3: zero
 */
struct ahci_rx_fis {
	u8				dma_setup[28];
	u8				reserved0[4];
	u8				pio_setup[20];
	u8				reserved1[12];
	u8				d2h_reg[20];
	u8				reserved2[4];
	u8				sdb[8];
	u8				unknown[64];
	u8				reserved3[96];
};

static_assert(sizeof(struct ahci_rx_fis) == 256);

#endif /* _AHCI_SPLIT_AHCI_REGS_H */
