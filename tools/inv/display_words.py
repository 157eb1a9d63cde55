"""Display words of billing: how are invoices and engagements named where people sign?"""

from policies.gate.display import Both

INVOICE: Both = {"vi": "Hóa đơn", "en": "Invoice"}
BUYER: Both = {"vi": "Người mua", "en": "Buyer"}
BUYER_TAX_CODE: Both = {"vi": "Mã số thuế", "en": "Tax code"}
REGISTERED: Both = {"vi": "Tên đăng ký thuế", "en": "Registered as"}
LINES: Both = {"vi": "Số dòng", "en": "Lines"}
VAT: Both = {"vi": "Thuế GTGT", "en": "VAT"}
SYMBOL: Both = {"vi": "Ký hiệu", "en": "Symbol"}
MAILED_TO: Both = {"vi": "Gửi PDF đến", "en": "PDF goes to"}
ENGAGEMENT: Both = {"vi": "Hợp đồng công việc", "en": "Engagement"}
RATE: Both = {"vi": "Đơn giá một giờ", "en": "Rate per hour"}
RATE_BEFORE: Both = {"vi": "Đơn giá trước đây", "en": "Rate until now"}
VAT_CATEGORY: Both = {"vi": "Loại thuế GTGT", "en": "VAT category"}
EVIDENCE: Both = {"vi": "Căn cứ", "en": "Evidence"}
STATUS: Both = {"vi": "Tình trạng", "en": "Status"}
