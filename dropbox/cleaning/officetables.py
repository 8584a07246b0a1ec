"""What Office documents are made of: namespaces, relationships, and the names that are passed over.

Names in these tables are `prefix:local` with the prefixes of NAMESPACES; attributes without a prefix
belong to their element and are written `element@attribute`.
"""

from __future__ import annotations

from dropbox.cleaning.words import words

_SCHEMA = "http://schemas.openxmlformats.org/"
_STRICT = "http://purl.oclc.org/ooxml/"
_MICROSOFT = "http://schemas.microsoft.com/office/"

# path below the transitional root (with a year) and the strict one (without): the prefix used here
_STANDARD = {
    ("wordprocessingml/2006/main", "wordprocessingml/main"): "w",
    ("spreadsheetml/2006/main", "spreadsheetml/main"): "x",
    ("presentationml/2006/main", "presentationml/main"): "p",
    ("drawingml/2006/main", "drawingml/main"): "a",
    ("drawingml/2006/picture", "drawingml/picture"): "pic",
    ("drawingml/2006/chart", "drawingml/chart"): "c",
    ("drawingml/2006/chartDrawing", "drawingml/chartDrawing"): "cdr",
    ("drawingml/2006/diagram", "drawingml/diagram"): "dgm",
    ("drawingml/2006/spreadsheetDrawing", "drawingml/spreadsheetDrawing"): "xdr",
    ("drawingml/2006/wordprocessingDrawing", "drawingml/wordprocessingDrawing"): "wp",
    ("drawingml/2006/lockedCanvas", "drawingml/lockedCanvas"): "lc",
    ("officeDocument/2006/relationships", "officeDocument/relationships"): "r",
    ("officeDocument/2006/math", "officeDocument/math"): "m",
    ("markup-compatibility/2006", "markup-compatibility/2006"): "mc",
}
_EXTENSIONS = {
    "word/2010/wordml": "w14", "word/2012/wordml": "w15", "word/2010/wordprocessingDrawing": "wp14",
    "word/2010/wordprocessingCanvas": "wpc", "word/2010/wordprocessingGroup": "wpg",
    "word/2010/wordprocessingShape": "wps", "word/2015/wordml/symex": "w16se",
    "drawing/2010/main": "a14", "drawing/2007/8/2/chart": "c14", "drawing/2012/chart": "c15",
    "drawing/2014/chart": "c16", "drawing/2015/06/chart": "c16r2", "drawing/2017/03/chart": "c16r3",
    "drawing/2014/chartex": "cx", "drawing/2012/chartStyle": "cs", "drawing/2008/diagram": "dsp",
    "drawing/2010/chartDrawing": "cdr14", "drawing/2010/slicer": "sle",
    "powerpoint/2010/main": "p14", "powerpoint/2012/main": "p15", "powerpoint/2018/8/main": "p188",
    "spreadsheetml/2009/9/main": "x14", "spreadsheetml/2009/9/ac": "x14ac", "excel/2006/main": "xm",
    "spreadsheetml/2010/11/main": "x15", "spreadsheetml/2018/threadedcomments": "tc",
    "spreadsheetml/2017/dynamicarray": "xda",
    "powerpoint/2013/main/command": "pc", "drawing/2013/main/command": "ac", "thememl/2012/main": "thm15",
}  # fmt: skip
NAMESPACES: dict[str, str] = {
    **{_SCHEMA + old: prefix for (old, _), prefix in _STANDARD.items()},
    **{_STRICT + new: prefix for (_, new), prefix in _STANDARD.items()},
    **{_MICROSOFT + path: prefix for path, prefix in _EXTENSIONS.items()},
    "": "",
    "urn:schemas-microsoft-com:vml": "v",
    "urn:schemas-microsoft-com:office:office": "o",
    "urn:schemas-microsoft-com:office:word": "w10",
    "urn:schemas-microsoft-com:office:excel": "xv",
    "urn:schemas-microsoft-com:office:powerpoint": "pv",
}

# --- relationships, by the last word of their type ---------------------------------------------------

KEPT_RELATIONSHIPS = words(
    """
    officeDocument styles numbering fontTable settings theme themeOverride header footer footnotes endnotes comments
    worksheet chartsheet sharedStrings drawing vmlDrawing table pivotTable pivotCacheDefinition pivotCacheRecords
    externalLink threadedComment person sheetMetadata ctrlProp chart chartEx chartUserShapes chartStyle
    chartColorStyle diagramData diagramLayout diagramQuickStyle diagramColors diagramDrawing slide slideLayout
    slideMaster notesSlide notesMaster handoutMaster presProps tableStyles commentAuthors authors
    """
)
DROPPED_RELATIONSHIPS = words(
    """
    core-properties extended-properties custom-properties thumbnail printerSettings people customXml customXmlProps
    commentsExtended commentsIds commentsExtensible webSettings stylesWithEffects glossaryDocument attachedTemplate
    font viewProps tags calcChain customProperty slideUpdateInfo slideUpdateUrl recipientData mailMergeSource
    mailMergeHeaderSource transform legacyDocTextInfo hdphoto classificationlabels volatileDependencies revisionInfo
    changesInfo documenttasks keyMapCustomizations attachedToolbars userXmlData docMetadata
    """
)  # who made it, with what, when, on which printer; what programs remember about their windows
LINKS = frozenset({"hyperlink", "externalLinkPath", "xlPathMissing", "xlStartup", "xlLibrary", "image"})
IMAGE, PACKAGE = "image", "package"
# All others (macros, OLE objects, ActiveX, sound, video, data connections, shared workbooks, signatures, and
# what nobody has thought of): the document cannot be cleaned.

# Without their target these attributes go and the element stays; any other element goes with its target.
STAYS_WITHOUT_TARGET = frozenset({"x:pageSetup", "c:pageSetup", "v:fill", "v:stroke"})

# --- elements ----------------------------------------------------------------------------------------

DROPPED = words(
    """
    w:rsid w:rsids w:permStart w:permEnd w:fldData w:dataBinding w15:dataBinding w:smartTagPr w:customXmlPr w:nsid
    w:tmpl w:entryMacro w:exitMacro w:helpText w:statusText w:proofErr w:placeholder w15:webExtensionLinked
    w15:webExtensionCreated w:documentProtection x:fileVersion x:fileSharing x:webPublishing x:webPublishItems
    x:webPublishObjects x:fileRecoveryPr x:customSheetViews x:customWorkbookViews x:protectedRanges x:smartTags
    x:smartTagPr x:smartTagTypes x:customProperties x:sheetProtection x:workbookProtection x:oleSize p:custDataLst
    p:smartTags p:modifyVerifier p:photoAlbum p:htmlPubPr p:webPr p:extLst a:extLst pic:extLst xdr:extLst dgm:extLst
    dsp:extLst cdr:extLst thm15:themeFamily o:signatureline o:complex o:ink xv:FmlaMacro p188:reactions tc:extLst
    """
)
UNWRAPPED = frozenset({"w:smartTag", "w:customXml"})
# The root of a VML drawing and the HTML in its text boxes have no namespace.
NAMELESS = words(":xml :div :font :span :p :b :i :u :s :br :center :sub :sup :strong :em")
# Parts of other files, handwriting with its timing: nothing here knows them well enough.
FORBIDDEN = words(
    """
    w:altChunk w:subDoc w:contentPart w14:contentPart p:contentPart xdr:contentPart p14:contentPart x:dialogsheet
    w:movie x:connection x:oleLink x:ddeLink w:frameset
    """
)
WORD_SETTINGS = words(
    """
    view zoom removePersonalInformation removeDateAndTime doNotDisplayPageBoundaries displayBackgroundShape
    printPostScriptOverText printFractionalCharacterWidth printFormsData embedSystemFonts mirrorMargins
    alignBordersAndEdges bordersDoNotSurroundHeader bordersDoNotSurroundFooter gutterAtTop revisionView
    trackRevisions doNotTrackMoves doNotTrackFormatting autoFormatOverride styleLockTheme styleLockQFSet
    defaultTabStop autoHyphenation consecutiveHyphenLimit hyphenationZone doNotHyphenateCaps evenAndOddHeaders
    bookFoldRevPrinting bookFoldPrinting bookFoldPrintingSheets drawingGridHorizontalSpacing
    drawingGridVerticalSpacing displayHorizontalDrawingGridEvery displayVerticalDrawingGridEvery
    doNotUseMarginsForDrawingGridOrigin drawingGridHorizontalOrigin drawingGridVerticalOrigin doNotShadeFormData
    noPunctuationKerning characterSpacingControl printTwoOnOne strictFirstAndLastChars noLineBreaksAfter
    noLineBreaksBefore savePreviewPicture updateFields hdrShapeDefaults footnotePr endnotePr compat mathPr
    clrSchemeMapping doNotIncludeSubdocsInStats shapeDefaults decimalSymbol listSeparator themeFontLang
    w15:chartTrackingRefBased
    """
)
# Extensions of a worksheet that show something: conditional formats, checks of input, sparklines.
SHEET_EXTENSIONS = frozenset(
    {
        "{78C0D931-6437-407D-A8EE-F0AAD7539E65}",
        "{CCE6A557-97BC-4B89-ADB6-D9C93CAAB3DF}",
        "{05C60535-1F16-4FD2-B633-F4F36F0B64E0}",
        "{B025F937-C7B1-47D3-B67F-A62EFF666E3E}",
    }
)

# --- attributes --------------------------------------------------------------------------------------

DROPPED_ATTRIBUTES = words(
    """
    w14:paraId w14:textId w14:anchorId wp14:anchorId wp14:editId w:date w:tooltip w:docLocation w:tgtFrame
    w:codeName w:hash w:salt w:saltValue w:hashValue w:cryptProviderType w:storeItemID o:gfxdata o:title o:href
    o:althref o:opid o:oleid o:targetscreensize o:forcedash mc:PreserveElements mc:PreserveAttributes
    mc:ProcessContent wp14:noProof w15:userId w15:providerId
    """
)
DROPPED_OF_ELEMENT = words(
    """
    x:workbookPr@codeName x:workbookPr@filterPrivacy x:workbookPr@lastEdited x:sheetPr@codeName x:sheetPr@syncRef
    x:workbookView@xWindow x:workbookView@yWindow x:workbookView@windowWidth x:workbookView@windowHeight
    x:chartsheet@codeName x:pageSetup@copies x:pivotCacheDefinition@refreshedBy x:pivotCacheDefinition@refreshedDate
    x:pivotCacheDefinition@refreshedDateIso x:scenario@comment x:hyperlink@tooltip x:hyperlink@display
    a:hlinkClick@tooltip a:hlinkClick@invalidUrl a:hlinkHover@tooltip a:hlinkHover@invalidUrl
    a:hlinkMouseOver@tooltip p:cSld@name p:cm@dt v:imagedata@title v:shape@title v:shape@alt v:shape@href
    v:rect@title v:rect@alt v:rect@href v:oval@alt v:oval@title v:oval@href v:line@alt v:group@alt v:group@title
    v:group@href v:roundrect@alt v:roundrect@title v:roundrect@href v:polyline@alt v:imagedata@src v:fill@src
    a:blip@cstate x:definedName@comment x:definedName@description x:definedName@help x:definedName@statusBar
    x:table@comment x:calcPr@calcId p188:cm@startDate p188:cm@dueDate p188:cm@assignedTo p188:cm@title
    """
)
FIXED_ATTRIBUTES = {
    "tc:threadedComment@dT": "1980-01-01T00:00:00.00",
    "p188:cm@created": "1980-01-01T00:00:00.000",
    "p188:reply@created": "1980-01-01T00:00:00.000",
    "p188:author@providerId": "None",
    "tc:person@providerId": "None",
}
# Attributes that hold a person's name, and those that hold the initials or the account of the same person.
NAMES = frozenset(
    {"w:author", "w15:author", "p:cmAuthor@name", "p188:author@name", "tc:person@displayName", "x:scenario@user"}
)
ACCOUNTS = frozenset(
    {"w:initials", "p:cmAuthor@initials", "p188:author@initials", "p188:author@userId", "tc:person@userId"}
)
