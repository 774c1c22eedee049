/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The registers and structures of an AHCI HBA, as the Serial ATA AHCI 1.3.1 specification
 * has them; the numbers are its sections. The driver has a header of its own: what one
 * of them has wrong shows because the other has it right.
 */
#ifndef HBA_AHCI_H
#define HBA_AHCI_H

#define BIT(n)		(1u << (n))

/* 3.1 Generic Host Control */
enum {
	HBA_CAP		= 0x00,		/* 3.1.1 */
	HBA_GHC		= 0x04,		/* 3.1.2 */
	HBA_IS		= 0x08,		/* 3.1.3 */
	HBA_PI		= 0x0c,		/* 3.1.4 */
	HBA_VS		= 0x10,		/* 3.1.5 */
	HBA_CCC_CTL	= 0x14,		/* 3.1.6 */
	HBA_CCC_PORTS	= 0x18,		/* 3.1.7 */
	HBA_EM_LOC	= 0x1c,		/* 3.1.8 */
	HBA_EM_CTL	= 0x20,		/* 3.1.9 */
	HBA_CAP2	= 0x24,		/* 3.1.10 */
	HBA_BOHC	= 0x28,		/* 3.1.11 */
	HBA_PORTS	= 0x100,	/* 3.3 */
	HBA_PORT_SIZE	= 0x80,
};

/* 3.1.1 CAP */
#define CAP_NP		0x0000001fu
#define CAP_SXS		BIT(5)
#define CAP_EMS		BIT(6)
#define CAP_CCCS	BIT(7)
#define CAP_NCS_SHIFT	8
#define CAP_PSC		BIT(13)
#define CAP_SSC		BIT(14)
#define CAP_PMD		BIT(15)
#define CAP_FBSS	BIT(16)
#define CAP_SPM		BIT(17)
#define CAP_SAM		BIT(18)
#define CAP_ISS_SHIFT	20
#define CAP_SCLO	BIT(24)
#define CAP_SAL		BIT(25)
#define CAP_SALP	BIT(26)
#define CAP_SSS		BIT(27)
#define CAP_SMPS	BIT(28)
#define CAP_SSNTF	BIT(29)
#define CAP_SNCQ	BIT(30)
#define CAP_S64A	BIT(31)

/* 3.1.2 GHC */
#define GHC_HR		BIT(0)
#define GHC_IE		BIT(1)
#define GHC_MRSM	BIT(2)
#define GHC_AE		BIT(31)

/* 3.1.6 CCC_CTL */
#define CCC_EN		BIT(0)
#define CCC_INT_SHIFT	3
#define CCC_CC(r)	((r) >> 8 & 0xff)
#define CCC_TV(r)	((r) >> 16)
#define CCC_WRITABLE	0xffffff00u	/* CC, TV */

/* 3.1.8 EM_LOC, in dwords */
#define EM_OFST_SHIFT	16

/* 3.1.9 EM_CTL */
#define EM_MR		BIT(0)
#define EM_TM		BIT(8)
#define EM_RST		BIT(9)
#define EM_LED		BIT(16)
#define EM_SAFTE	BIT(17)
#define EM_SES2		BIT(18)
#define EM_SGPIO	BIT(19)
#define EM_SMB		BIT(24)
#define EM_XMT		BIT(25)
#define EM_ALHD		BIT(26)
#define EM_PM		BIT(27)

/* 3.1.10 CAP2 */
#define CAP2_BOH	BIT(0)
#define CAP2_NVMP	BIT(1)
#define CAP2_APST	BIT(2)
#define CAP2_SDS	BIT(3)
#define CAP2_SADM	BIT(4)
#define CAP2_DESO	BIT(5)

/* 3.1.11 BOHC */
#define BOHC_BOS	BIT(0)
#define BOHC_OOS	BIT(1)
#define BOHC_OOC	BIT(3)
#define BOHC_BB		BIT(4)

/* 3.3 Port Registers */
enum {
	PX_CLB		= 0x00,		/* 3.3.1 */
	PX_CLBU		= 0x04,		/* 3.3.2 */
	PX_FB		= 0x08,		/* 3.3.3 */
	PX_FBU		= 0x0c,		/* 3.3.4 */
	PX_IS		= 0x10,		/* 3.3.5 */
	PX_IE		= 0x14,		/* 3.3.6 */
	PX_CMD		= 0x18,		/* 3.3.7 */
	PX_TFD		= 0x20,		/* 3.3.8 */
	PX_SIG		= 0x24,		/* 3.3.9 */
	PX_SSTS		= 0x28,		/* 3.3.10 */
	PX_SCTL		= 0x2c,		/* 3.3.11 */
	PX_SERR		= 0x30,		/* 3.3.12 */
	PX_SACT		= 0x34,		/* 3.3.13 */
	PX_CI		= 0x38,		/* 3.3.14 */
	PX_SNTF		= 0x3c,		/* 3.3.15 */
	PX_FBS		= 0x40,		/* 3.3.16 */
	PX_DEVSLP	= 0x44,		/* 3.3.17 */
};

/* 3.3.5 PxIS, 3.3.6 PxIE */
#define IS_DHRS		BIT(0)
#define IS_PSS		BIT(1)
#define IS_DSS		BIT(2)
#define IS_SDBS		BIT(3)
#define IS_UFS		BIT(4)
#define IS_DPS		BIT(5)
#define IS_PCS		BIT(6)
#define IS_DMPS		BIT(7)
#define IS_PRCS		BIT(22)
#define IS_IPMS		BIT(23)	/* a FIS from another device than was asked */
#define IS_OFS		BIT(24)
#define IS_INFS		BIT(26)
#define IS_IFS		BIT(27)
#define IS_HBDS		BIT(28)
#define IS_HBFS		BIT(29)
#define IS_TFES		BIT(30)
#define IS_CPDS		BIT(31)
/* 5.3.16: after these the port runs no command until ST is cleared */
#define IS_FATAL	(IS_IFS | IS_HBDS | IS_HBFS | IS_TFES)
/* These follow PxSERR.DIAG and are cleared there. */
#define IS_DERIVED	(IS_UFS | IS_PCS | IS_PRCS)

/* 3.3.7 PxCMD */
#define CMD_ST		BIT(0)
#define CMD_SUD		BIT(1)
#define CMD_POD		BIT(2)
#define CMD_CLO		BIT(3)
#define CMD_FRE		BIT(4)
#define CMD_CCS_SHIFT	8
#define CMD_CCS		(31u << CMD_CCS_SHIFT)
#define CMD_MPSS	BIT(13)
#define CMD_FR		BIT(14)
#define CMD_CR		BIT(15)
#define CMD_CPS		BIT(16)
#define CMD_PMA		BIT(17)
#define CMD_HPCP	BIT(18)
#define CMD_MPSP	BIT(19)
#define CMD_CPD		BIT(20)
#define CMD_ESP		BIT(21)
#define CMD_FBSCP	BIT(22)
#define CMD_APSTE	BIT(23)
#define CMD_ATAPI	BIT(24)
#define CMD_DLAE	BIT(25)
#define CMD_ALPE	BIT(26)
#define CMD_ASP		BIT(27)
#define CMD_ICC_SHIFT	28
#define CMD_ICC		(15u << CMD_ICC_SHIFT)
/* What a driver may set and clear */
#define CMD_WRITABLE	(CMD_ST | CMD_SUD | CMD_POD | CMD_FRE | CMD_PMA | CMD_ATAPI | \
			 CMD_DLAE | CMD_APSTE | CMD_ALPE | CMD_ASP)

/* 3.3.8 PxTFD, ATA status */
#define STS_ERR		0x01u
#define STS_SENSE	0x02u	/* sense data available */
#define STS_DRQ		0x08u
#define STS_SEEK	0x10u
#define STS_DF		0x20u
#define STS_DRDY	0x40u
#define STS_BSY		0x80u

/* 3.3.9 PxSIG */
#define SIG_DISK	0x00000101u
#define SIG_ATAPI	0xeb140101u
#define SIG_ZAC		0xabcd0101u
#define SIG_PM		0x96690101u
#define SIG_NONE	0xffffffffu

/* 3.3.10 PxSSTS */
#define SSTS_DET	0x00fu
#define SSTS_DET_NONE	0x000u
#define SSTS_DET_DEV	0x001u
#define SSTS_DET_PHY	0x003u
#define SSTS_DET_OFF	0x004u
#define SSTS_SPD_SHIFT	4
#define SSTS_IPM_SHIFT	8
#define SSTS_IPM	0xf00u
/* States of the link, there and in PxCMD.ICC */
enum {
	IPM_ACTIVE	= 1,
	IPM_PARTIAL	= 2,
	IPM_SLUMBER	= 6,
	IPM_DEVSLP	= 8,
};

/* 3.3.11 PxSCTL */
#define SCTL_DET	0x00fu
#define SCTL_SPD	0x0f0u
#define SCTL_NO_PARTIAL	0x100u
#define SCTL_NO_SLUMBER	0x200u
#define SCTL_NO_DEVSLP	0x400u

/* 3.3.12 PxSERR */
#define SERR_I		BIT(0)
#define SERR_M		BIT(1)
#define SERR_N		BIT(16)	/* DIAG: PhyRdy Change */
#define SERR_W		BIT(18)	/* DIAG: Comm Wake */
#define SERR_B		BIT(19)
#define SERR_C		BIT(21)
#define SERR_H		BIT(22)
#define SERR_F		BIT(25)
#define SERR_X		BIT(26)	/* DIAG: Exchanged */

/* 3.3.16 PxFBS */
#define FBS_EN		BIT(0)
#define FBS_DEC		BIT(1)
#define FBS_SDE		BIT(2)
#define FBS_DEV_SHIFT	8
#define FBS_DEV		(15u << FBS_DEV_SHIFT)
#define FBS_ADO_SHIFT	12
#define FBS_DWE_SHIFT	16
#define FBS_DWE		(15u << FBS_DWE_SHIFT)

/* 3.3.17 PxDEVSLP */
#define DEVSLP_ADSE	BIT(0)
#define DEVSLP_DSP	BIT(1)
#define DEVSLP_DETO(r)	((r) >> 2 & 0xff)
#define DEVSLP_MDAT(r)	((r) >> 10 & 0x1f)
#define DEVSLP_DITO(r)	((r) >> 15 & 0x3ff)
#define DEVSLP_DM(r)	((r) >> 25 & 0xf)
#define DEVSLP_TIMES	0x01fffffcu

/* 4.2.1 Received FIS structure */
enum {
	RX_DSFIS	= 0x00,
	RX_PSFIS	= 0x20,
	RX_RFIS		= 0x40,
	RX_SDBFIS	= 0x58,
	RX_UFIS		= 0x60,
	RX_SIZE		= 0x100,
};

/* 4.2.2 Command List structure: DW0 of a header */
#define HDR_CFL		0x0000001fu
#define HDR_A		BIT(5)
#define HDR_W		BIT(6)
#define HDR_P		BIT(7)
#define HDR_R		BIT(8)
#define HDR_B		BIT(9)
#define HDR_C		BIT(10)
#define HDR_PMP_SHIFT	12
#define HDR_PMP		(15u << HDR_PMP_SHIFT)
#define HDR_PRDTL_SHIFT	16
#define HDR_SIZE	32
#define LIST_ALIGN	1024u
/* 4.2.3 Command Table */
#define TABLE_ALIGN	128u
#define TABLE_ACMD	0x40
#define TABLE_PRDT	0x80
#define PRD_DBC		0x003fffffu
#define PRD_I		BIT(31)

/* Serial ATA 3.x, 10.5: types of FIS */
enum {
	FIS_H2D		= 0x27,
	FIS_D2H		= 0x34,
	FIS_DMA_SETUP	= 0x41,
	FIS_PIO_SETUP	= 0x5f,
	FIS_SDB		= 0xa1,
};

/* Bits of a FIS' second byte */
#define FIS_C		0x80u		/* H2D: a command, not a control */
#define FIS_I		0x40u
#define FIS_D		0x20u		/* PIO Setup: to the host */
#define FIS_N		0x80u		/* Set Device Bits: notification */
#define FIS_PM		0x0fu
#define CTL_SRST	0x04u		/* H2D byte 15 */

#endif
